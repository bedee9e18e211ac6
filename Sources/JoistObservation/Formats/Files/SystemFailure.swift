// SPDX-License-Identifier: Apache-2.0
//
// What the system's refusal to write a file means for the user who asked for it.

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A system call that failed.
struct SystemFailure: Error, Hashable {
  /// The system's number of the error.
  let code: Int32

  /// What is wrong and what to do, without a full stop.
  var advice: String {
    switch code {
    case ENOSPC, EDQUOT: "the disk is full; free some space or choose another folder"
    case ENOENT: "its folder does not exist; create the folder or choose another one"
    case ENOTDIR: "a part of the path is not a folder; correct the path"
    case EACCES, EPERM: "there is no right to write in its folder; choose another folder"
    case EROFS: "the file system is read-only; choose another folder"
    case ENAMETOOLONG: "the name is too long; choose a shorter one"
    case EFBIG: "the file is larger than the system allows; record less, or raise the limit with `ulimit -f`"
    case EMFILE, ENFILE: "too many files are open; close some, or raise the limit with `ulimit -n`"
    default: "the system reports error \(code); choose another folder"
    }
  }
}
