// SPDX-License-Identifier: Apache-2.0
//
// The page without style and script. It holds no figure: the script fills it in.

#if Dashboard
  /// The markup of the page.
  enum PageHTML {
    /// Returns the page for the path at which it is served; all addresses in it are relative to that path.
    static func text(at path: String, allowControl: Bool) -> String {
      let base = path.split(separator: "/").reduce("/") { "\($0)\($1)/" }
      return head + "<base href=\"\(escaped(base))\">\n" + links
        + "<body data-control=\"\(allowControl ? 1 : 0)\">\n" + body
    }

    static let icon = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1f6f78"/>
      <path d="M3 4.5h10M3 11.5h10M5 4.5l6 7M11 4.5l-6 7" stroke="#fff" stroke-width="1.4" fill="none"/></svg>
      """

    private static func escaped(_ text: String) -> String {
      text.reduce(into: "") { result, character in
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
      }
    }

    private static let head = """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>Joist</title>

      """

    private static let links = """
      <link rel="icon" href="icon.svg">
      <link rel="stylesheet" href="page.css">
      <script src="page.js" type="module"></script>

      """

    private static let body = """
      <a class="skip" href="#processes">Skip to the processes</a>
      <header>
        <h1 id="name">Joist</h1>
        <p id="facts"></p>
        <p id="status" role="status">Connecting</p>
        <button id="pause" aria-pressed="false">Pause</button>
      </header>
      <p id="notice" role="alert" hidden></p>
      <main>
        <section id="tiles" aria-label="Key figures"></section>
        <section id="schedulers" class="card">
          <h2>Schedulers</h2>
          <p class="legend" id="states"></p>
          <div id="lanes"></div>
        </section>
        <div id="load" class="column">
        <section id="delay" class="card">
          <h2>Run delay</h2>
          <label class="pick">Level <select id="level">
            <option value="">all</option><option>max</option><option>high</option><option>normal</option>
            <option>low</option>
          </select></label>
          <p class="legend" id="quantiles"></p>
          <canvas id="heat" role="img" aria-label="Run delay over time, darker where more processes waited that long">
          </canvas>
        </section>
        <section id="queues" class="card">
          <h2>Run queues</h2>
          <p class="legend" id="levels"></p>
          <canvas id="lengths" role="img" aria-label="Ready processes over time by level"></canvas>
        </section>
        </div>
        <section id="processes" class="card">
          <h2>Processes</h2>
          <p class="count" id="total"></p>
          <form id="find" role="search">
            <input id="search" type="search" placeholder="Filter, or a name or #id and Enter"
              aria-label="Find a process"
              autocomplete="off" spellcheck="false">
            <label class="pick"><input id="growth" type="checkbox" checked> growth</label>
          </form>
          <div class="scroll" tabindex="0" aria-label="Table of processes"><table>
            <thead><tr id="columns"></tr></thead><tbody id="rows"></tbody>
          </table></div>
        </section>
        <div id="structure" class="column">
        <section id="waits" class="card">
          <h2>Waits</h2>
          <div id="circles"></div>
          <ol id="longest"></ol>
        </section>
        <section id="supervision" class="card">
          <h2>Supervision</h2>
          <div id="tree"></div>
        </section>
        </div>
        <section id="recorder" class="card">
          <h2>Last moments</h2>
          <div class="pick">
            <select id="record-level" aria-label="Events to record">
              <option>lifecycle</option><option>messages</option><option>all</option>
            </select>
            <button id="record">Record 200 ms</button>
          </div>
          <p class="legend" id="moment"></p>
          <canvas id="timeline" tabindex="0" role="img"
            aria-label="What each scheduler ran; arrow keys move, plus and minus zoom"></canvas>
          <p class="count" id="under"></p>
        </section>
        <section id="downloads" class="card">
          <h2>Downloads</h2>
          <ul>
            <li><a href="download/trace.perfetto">Trace for Perfetto</a> <small>1 s</small></li>
            <li><a href="download/trace.json">Trace as Chrome JSON</a> <small>1 s</small></li>
            <li><a href="download/profile.pb.gz">Profile for pprof</a> <small>5 s</small></li>
            <li><a href="download/flamegraph.svg">Flame graph</a> <small>5 s</small></li>
            <li><a href="download/stacks.txt">Stacks</a></li>
            <li><a href="download/dump.txt">Dump</a></li>
            <li><a href="metrics">Metrics</a></li>
          </ul>
        </section>
      </main>
      <aside id="panel" aria-label="One process" hidden></aside>
      </body>
      </html>

      """
  }
#endif
