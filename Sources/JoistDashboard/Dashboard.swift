// SPDX-License-Identifier: Apache-2.0
//
// The dashboard as a program sees it: a live page, its figures as JSON and Prometheus text, and downloads of traces and
// profiles, served by Hummingbird. `Server` answers requests, `Questions` asks the program, and `Page` holds what a
// browser runs.

#if Dashboard
  public import JoistObservation

  /// A live page about a program, with its figures as JSON and as Prometheus text.
  ///
  /// Serve it by itself with `run`, or as part of an existing server with `addRoutes`. All open pages share one set of
  /// questions to the program, which together use at most about 1 % of a core.
  public struct Dashboard: Sendable {
    let service: DashboardService

    /// Makes a dashboard of a program; nothing runs before `run` or `addRoutes`.
    ///
    /// - Parameters:
    ///   - inspector: What answers the questions about the program.
    ///   - options: The address, and what a browser must show and may do.
    public init(_ inspector: any ProgramInspector, options: DashboardOptions = DashboardOptions()) {
      service = DashboardService(inspector, options: options)
    }
  }
#endif
