// SPDX-License-Identifier: Apache-2.0
//
// What all requests of a dashboard share.

#if Dashboard
  import JoistObservation

  /// The settings, the answers and the streams of a dashboard.
  final class DashboardService: Sendable {
    let options: DashboardOptions
    let access: Access
    let answers: Answers
    let events: EventBoard

    init(_ inspector: any ProgramInspector, options: DashboardOptions) {
      self.options = options
      access = Access(token: options.token)
      answers = Answers(inspector, limits: options.limits)
      events = EventBoard(answers, limits: options.limits)
    }
  }
#endif
