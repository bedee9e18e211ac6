// SPDX-License-Identifier: Apache-2.0
//
// The parts of `HostPlatform` that only Linux has.

#if os(Linux)
  import CJoist

  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  extension HostPlatform {
    /// The flag that reserves addresses without a commitment of memory.
    var reservesNothing: Int32 { Int32(MAP_NORESERVE) }

    // Sound: the range is the caller's; the system moves its pages, or does nothing.
    package func grow(
      _ start: UnsafeMutableRawPointer,
      bytes: Int,
      to newBytes: Int,
      keeping used: Int
    ) -> UnsafeMutableRawPointer? {
      unsafe joist_grow(start, bytes, newBytes)
    }

    /// Whether guards leave their mapping whole (Linux 6.13 and later), found out by trying one on a page of its own.
    // Sound: the page is mapped and unmapped here.
    static var guardsLeaveMappingsWhole: Bool {
      let bytes = pageBytes
      let page = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let page = unsafe page, unsafe page != MAP_FAILED else { return false }
      defer { unsafe munmap(page, bytes) }
      return unsafe joist_guard_install(page, bytes)
    }
  }
#endif
