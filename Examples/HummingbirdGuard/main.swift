// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
  import Hummingbird
  import Joist
  import JoistHummingbird

  let router = Router()
  router.get("hello") { _, _ in "hello\n" }
  router.get("square") { request, _ in
    let number = Int(request.uri.queryParameters["of"]!)!  // nil without ?of=7
    return "\(number * number)\n"
  }

  let runtime = try ProcessRuntime()
  let app = Application(router: router)
  try await app.contained(on: runtime).runService()
#else
  print("build this example with Hummingbird: swift run -c release --traits Hummingbird HummingbirdGuard")
#endif
