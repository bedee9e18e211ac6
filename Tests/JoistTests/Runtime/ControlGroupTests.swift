// SPDX-License-Identifier: Apache-2.0
//
// What the limits of Linux control groups, version 1 or 2, leave a program.

import Joist
import TestSupport
import Testing

@Suite struct ControlGroupTests {
  /// Reads made-up files.
  private func read(_ files: [String: String]) -> ControlGroups { ControlGroups.read { files[$0] } }

  @Test func `I2: a processor quota and a memory limit of version 1 are read`() {
    let limits = read([
      "/proc/self/cgroup": "5:memory:/jobs\n4:cpu,cpuacct:/jobs/one\n0::/\n",
      "/proc/self/mountinfo": """
      31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
      32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
      33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
      """,
      "/sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_quota_us": "150000\n",
      "/sys/fs/cgroup/cpu,cpuacct/jobs/one/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/jobs/memory.limit_in_bytes": "1048576\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(limits.processors == 2 && limits.memoryBytes == 1 << 20)
  }

  @Test func `I2: in version 2 the smallest limit along the whole path counts`() {
    var files = [
      "/proc/self/cgroup": "0::/a/b/c\n",
      "/proc/self/mountinfo": "35 25 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
      "/sys/fs/cgroup/a/cpu.max": "300000 100000\n", "/sys/fs/cgroup/a/memory.max": "max\n",
      "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/b/memory.max": "4096\n",
      "/sys/fs/cgroup/a/b/c/cpu.max": "900000 100000\n", "/sys/fs/cgroup/a/b/c/memory.max": "8192\n",
    ]
    #expect(read(files).processors == 3 && read(files).memoryBytes == 4_096)
    files["/sys/fs/cgroup/a/b/c/cpu.max"] = "1 100000\n"
    files["/sys/fs/cgroup/cpu.max"] = "200000 100000\n"
    #expect(read(files).processors == 1)
  }

  @Test func `I2: a container that sees only its own group finds that group's limits`() {
    let inside = ["/sys/fs/cgroup/cpu.max": "200000 100000", "/sys/fs/cgroup/memory.max": "65536"]
    // With a namespace of its own, with only its own part mounted, and with a path that the mount does not show.
    for (path, root) in [("/", "/"), ("/docker/12", "/docker/12"), ("/docker/12", "/docker/13"), ("/../other", "/")] {
      let files = [
        "/proc/self/cgroup": "0::\(path)\n",
        "/proc/self/mountinfo": "35 25 0:30 \(root) /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
      ]
      let limits = read(files.merging(inside) { first, _ in first })
      #expect(limits.processors == 2 && limits.memoryBytes == 65_536, "\(path) in \(root)")
    }
    let part = read([
      "/proc/self/cgroup": "3:cpu:/docker/12/inner\n",
      "/proc/self/mountinfo": "35 25 0:30 /docker/12 /mnt/my\\040groups rw - cgroup cgroup rw,cpu\n",
      "/mnt/my groups/inner/cpu.cfs_quota_us": "50000", "/mnt/my groups/inner/cpu.cfs_period_us": "100000",
    ])
    #expect(part.processors == 1)
  }

  @Test func `I2: without control groups, or with nonsense in their files, there is no limit`() {
    #expect(read([:]) == ControlGroups.read { _ in nil })
    let nonsense = read([
      "/proc/self/cgroup": "0:\nnot a line\n0::/a\n:::\n",
      "/proc/self/mountinfo": "35 25 - cgroup2\n35 25 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\n-",
      "/sys/fs/cgroup/a/cpu.max": "9223372036854775808 100000", "/sys/fs/cgroup/a/memory.max": "-1",
    ])
    #expect(nonsense.processors == nil && nonsense.memoryBytes == nil)
    for line in ["", "max 100000", "0 100000", "-1 100000", "1", "a b", "100000 0"] {
      #expect(ControlGroups.quota(line) == nil)
    }
    #expect(ControlGroups.quota("\(Int.max) 100000") == Int.max / 100_000 + 1)
  }
}
