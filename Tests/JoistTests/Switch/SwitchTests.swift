// SPDX-License-Identifier: Apache-2.0
//
// The switch between stacks, seen from both sides.

import CSwitchProbe
import Testing

@Suite struct SwitchTests {
  @Test func `C2: every callee-saved register is the same after a switch`() {
    let seen = probe_registers_on_both_sides(0x1111_2222_3333_0000, 0xaaaa_bbbb_cccc_0000, 100)
    #expect(seen.rounds == 100)
    #expect(seen.here == 0)
    #expect(seen.there == 0)
  }

  @Test func `C2: a laid context starts with an aligned stack, its argument and a frame pointer of zero`() {
    let frame = probe_first_frame()
    #expect(frame.stack_pointer == frame.expected_stack_pointer)
    #expect(frame.frame_pointer == 0)
    #expect(frame.argument_holds)
  }

  @Test func `C2: laying the first frame writes as many bytes as it says`() {
    #expect(probe_first_frame().bytes_laid == firstFrameBytes)
  }

  @Test func `C2: an unwinder stops at the first frame of a laid stack`() {
    // The frames are those of the function that unwinds and of the code that entered it.
    #expect(probe_frames_to_the_end() == 2)
  }

  @Test func `C2: each stack keeps its floating-point control words`() {
    let seen = probe_rounding()
    #expect(seen.inherited == seen.usual)
    #expect(seen.down != seen.usual && seen.up != seen.usual && seen.up != seen.down)
    #expect(seen.usual_again == seen.usual)
    #expect(seen.down_again == seen.down)
    #expect(seen.up_again == seen.up)
  }

  @Test(arguments: [9, 12, 16]) func `C2: the sentinel detects a write above the first frame`(belowTop: Int32) {
    #expect(probe_sentinel_holds(0))
    #expect(!probe_sentinel_holds(belowTop))
    #expect(probe_sentinel_holds(8) && probe_sentinel_holds(17))
  }

  private var firstFrameBytes: Int32 {
    #if arch(x86_64)
      80
    #else
      192
    #endif
  }
}
