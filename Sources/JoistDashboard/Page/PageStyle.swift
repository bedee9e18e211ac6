// SPDX-License-Identifier: Apache-2.0
//
// The style of the page: one column on a phone, a grid of twelve columns on a desk, light or dark as the system is.

#if Dashboard
  /// The style sheet of the page.
  enum PageStyle {
    static let text = colours + frame + parts

    private static let colours = """
      :root {
        --back: #f6f5f1; --card: #fffefb; --line: #e4e1d8; --soft: #efede6; --ink: #23262b; --dim: #6b6f76;
        --accent: #1f6f78; --warn: #a84b2a; --warn-back: #fbeee8;
        --running: #1f6f78; --overhead: #8d9299; --stealing: #b0603a; --timers: #7b639f; --collecting: #b58a2c;
        --spinning: #d3b26a; --sleeping: #ece9e1;
        --level-max: #a84b2a; --level-high: #b58a2c; --level-normal: #1f6f78; --level-low: #93b7ba;
        --heat: 31 111 120;
        color-scheme: light dark;
      }
      @media (prefers-color-scheme: dark) {
        :root {
          --back: #15171a; --card: #1c1f23; --line: #2d3137; --soft: #24282d; --ink: #e3e2dd; --dim: #969aa1;
          --accent: #6cbcc4; --warn: #e39472; --warn-back: #33231d;
          --running: #4ea3ac; --overhead: #757b84; --stealing: #d0845d; --timers: #a48cca; --collecting: #d0a84e;
          --spinning: #8f7d4e; --sleeping: #25292e;
          --level-max: #e39472; --level-high: #d0a84e; --level-normal: #4ea3ac; --level-low: #3c6468;
          --heat: 108 188 196;
        }
      }

      """

    private static let frame = """
      * { box-sizing: border-box; }
      html { background: var(--back); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; }
      body { margin: 0 auto; max-width: 1720px; padding: 0 20px 40px; font-variant-numeric: tabular-nums; }
      h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
      h1 { font-size: 20px; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere; }
      h2 { font-size: 14px; font-weight: 650; letter-spacing: .005em; }
      h3 { font-size: 12px; font-weight: 600; color: var(--dim); margin: 18px 0 6px; }
      button, select, input { font: inherit; color: inherit; }
      button, select, input[type=search] {
        background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 10px; min-height: 30px;
      }
      button { cursor: pointer; }
      button:hover { border-color: var(--accent); }
      a { color: var(--accent); text-underline-offset: 2px; text-decoration-thickness: 1px; }
      :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
      small { color: var(--dim); font-size: 12px; }
      code { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
      canvas { display: block; width: 100%; }
      .skip { position: absolute; left: -999px; }
      .skip:focus { left: 8px; top: 8px; background: var(--card); padding: 6px; z-index: 3; }
      header {
        position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px;
        background: var(--back); padding: 14px 0 12px; border-bottom: 1px solid var(--line); margin-bottom: 16px;
      }
      #facts { color: var(--dim); flex: 1; min-width: 200px; }
      #status::before {
        content: ""; display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 7px;
        background: var(--dim);
      }
      #status.live::before { background: var(--accent); }
      #status.lost { color: var(--warn); }
      #status.lost::before { background: var(--warn); }
      #notice {
        color: var(--warn); background: var(--warn-back); border-radius: 8px; padding: 8px 14px; margin-bottom: 14px;
      }
      main { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 14px; align-items: start; }
      .card {
        grid-column: span 12; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
        padding: 14px 16px 16px; display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; min-width: 0;
        scroll-margin-top: 70px;
      }
      .column { grid-column: span 12; display: flex; flex-direction: column; gap: inherit; min-width: 0; }
      .card > h2 { flex: 1; white-space: nowrap; }
      .card > div:not(.pick), .card > canvas, .card > ul, .card > ol, #moment, #under {
        flex-basis: 100%; min-width: 0;
      }
      @media (min-width: 1100px) {
        #schedulers, #load { grid-column: span 6; }
        #processes { grid-column: span 9; }
        #structure { grid-column: span 3; }
        main { align-items: stretch; }
        main > .card { align-content: flex-start; }
        #recorder { grid-column: span 9; }
        #downloads { grid-column: span 3; }
      }

      """

    private static let parts = """
      #tiles {
        grid-column: span 12; display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr));
      }
      .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px 8px; }
      .tile p { color: var(--dim); font-size: 12px; }
      .tile b { display: block; font-size: 22px; font-weight: 600; letter-spacing: -.015em; line-height: 1.3; }
      .tile canvas { height: 26px; margin-top: 2px; }
      .legend, .count { color: var(--dim); font-size: 12px; display: flex; flex-wrap: wrap; gap: 2px 12px; }
      .legend i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 5px; }
      .legend b, .count b { color: var(--ink); font-weight: 600; }
      .pick { display: flex; align-items: center; gap: 6px; color: var(--dim); font-size: 12px; white-space: nowrap; }
      #heat { height: 150px; }
      #lengths { height: 84px; }
      .lane {
        display: grid; grid-template-columns: 26px minmax(0, 1fr) 44px minmax(64px, 110px); gap: 10px;
        align-items: center; font-size: 12px; padding: 2px 0;
      }
      .lane canvas { height: 22px; }
      .lane.stuck { color: var(--warn); }
      .lane span { text-align: right; }
      .lane > :last-child {
        text-align: left; color: var(--dim); overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
      }
      .lane.stuck > :last-child { color: var(--warn); }
      #find { display: flex; gap: 12px; align-items: center; flex: 0 1 360px; }
      #search { width: 100%; }
      .scroll { overflow: auto; max-height: 760px; border-top: 1px solid var(--line); margin: 4px -16px -16px; }
      .card > div.scroll { flex-basis: calc(100% + 32px); }
      table { border-collapse: collapse; width: 100%; font-size: 13px; }
      th { position: sticky; top: 0; background: var(--card); box-shadow: inset 0 -1px var(--line); padding: 0; }
      th, td { text-align: right; white-space: nowrap; font-weight: 400; }
      th button, th span {
        border: 0; background: none; width: 100%; text-align: inherit; padding: 6px 8px; color: var(--dim);
        font-size: 12px; border-radius: 0; display: block;
      }
      th button:hover { color: var(--accent); }
      th[aria-sort] button { color: var(--ink); font-weight: 600; }
      th[aria-sort] button::after { content: " ↓"; }
      td {
        padding: 4px 8px; border-bottom: 1px solid var(--soft); max-width: 190px; overflow: hidden;
        text-overflow: ellipsis;
      }
      td.text, th.text { text-align: left; }
      td.sorted { font-weight: 600; }
      td:first-child, th:first-child > * { padding-left: 16px; }
      tbody tr:hover, tr.open { background: var(--soft); }
      .zero { color: var(--dim); opacity: .55; }
      .link { border: 0; background: none; padding: 0; min-height: 0; color: var(--accent); border-radius: 3px; }
      .link:hover { text-decoration: underline; }
      .state { color: var(--dim); }
      .state.running { color: var(--accent); font-weight: 600; }
      .state.terminated, .state.suspended { color: var(--warn); }
      #circles:empty, #longest:empty { display: none; }
      .circle { background: var(--warn-back); border-radius: 8px; padding: 10px 12px; margin-bottom: 8px; }
      .circle p:first-child { color: var(--warn); font-weight: 600; }
      .circle li, #longest li { list-style: none; padding: 2px 0; overflow-wrap: anywhere; }
      #longest li { border-top: 1px solid var(--soft); padding: 4px 0; }
      #tree { max-height: 420px; overflow: auto; }
      #tree ul { list-style: none; padding-left: 17px; border-left: 1px solid var(--line); margin-left: 4px; }
      #tree > ul { padding-left: 0; border: 0; margin: 0; }
      #tree li { padding: 2px 0; }
      #tree summary { cursor: pointer; }
      #tree .again { color: var(--warn); font-size: 12px; }
      #timeline { border-radius: 4px; touch-action: pan-y; }
      #downloads ul { list-style: none; columns: 150px; }
      #downloads li { padding: 3px 0; break-inside: avoid; }
      #panel {
        position: fixed; z-index: 2; top: 0; right: 0; bottom: 0; width: min(480px, 100vw); overflow: auto;
        background: var(--card); border-left: 1px solid var(--line); padding: 18px 20px 40px;
        box-shadow: 0 0 40px rgb(0 0 0 / .14);
      }
      #panel[hidden] { display: none; }
      #panel .top { display: flex; gap: 10px; align-items: flex-start; }
      #panel .top h2 { flex: 1; font-size: 17px; overflow-wrap: anywhere; }
      #panel dl { display: grid; grid-template-columns: auto 1fr; gap: 3px 16px; margin-top: 10px; }
      #panel dt { color: var(--dim); }
      #panel dd { overflow-wrap: anywhere; }
      #panel ol, #panel ul { list-style: none; }
      #panel .stack li { padding: 3px 0; border-bottom: 1px solid var(--soft); overflow-wrap: anywhere; }
      #panel .stack small { display: block; }
      #panel .acts { display: flex; gap: 8px; margin-top: 14px; }
      .danger { color: var(--warn); }
      .empty { color: var(--dim); }
      @media (max-width: 620px) {
        body { padding: 0 10px 30px; }
        main, #tiles { gap: 10px; }
        #tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
        header { position: static; padding: 10px 0; gap: 2px 12px; }
        h1 { flex-basis: 100%; font-size: 18px; }
        #facts { min-width: 0; flex-basis: 100%; font-size: 12px; }
        #status { flex: 1; }
        .card { padding: 12px; }
        .scroll { margin: 4px -12px -12px; max-height: 560px; }
        .card > div.scroll { flex-basis: calc(100% + 24px); }
        td:first-child, th:first-child > * { padding-left: 12px; }
        #find { flex-basis: 100%; }
        .lane { grid-template-columns: 20px minmax(0, 1fr) 38px; }
        .lane > :last-child { display: none; }
        .tile:last-child:nth-child(odd) { grid-column: span 2; }
        td { max-width: 118px; }
        td:first-child { position: sticky; left: 0; background: var(--card); }
        :is(td, th):nth-child(4), :is(td, th):nth-child(5):not([aria-sort], .sorted) { display: none; }
      }
      @media (prefers-reduced-motion: no-preference) { button, a { transition: border-color .12s, color .12s; } }

      """
  }
#endif
