// SPDX-License-Identifier: Apache-2.0
//
// The stream of events, and what begins when the page is opened. The page asks for nothing while its tab is hidden.

#if Dashboard
  extension PageScript {
    static let live = #"""
      let source = null;
      let isPaused = false;
      let retry = 0;
      let hasFailed = false;  // whether the program did not answer the last time
      const mayControl = document.body.dataset.control === "1";

      function status(text, kind) {
        $("status").textContent = text;
        $("status").className = kind || "";
      }

      function connect() {
        clearTimeout(retry);
        if (source || isPaused || document.hidden) return;
        source = new EventSource("events");
        source.addEventListener("open", () => status("Live", "live"));
        source.addEventListener("error", () => {
          status("Connection lost, trying again", "lost");
          // A browser gives up after an answer that is not a stream, such as a refusal.
          if (source?.readyState === EventSource.CLOSED) {
            disconnect();
            retry = setTimeout(connect, 3000);
          }
        });
        listen("runtime", event => {
          takeRuntime(event);
          loadProcesses();
          loadPanel();
        });
        listen("supervision", showTree);
        listen("waits", showWaits);
        listen("failure", event => notice(event.error));
      }

      function listen(name, take) {
        source.addEventListener(name, event => {
          if (name === "runtime") status("Live", "live");
          if (name === "runtime" && hasFailed) notice(null);
          if (name === "failure") status("The program does not answer", "lost");
          hasFailed = name === "failure";
          take(JSON.parse(event.data));
        });
      }

      function disconnect() {
        source?.close();
        source = null;
      }

      function pause(on) {
        isPaused = on;
        $("pause").setAttribute("aria-pressed", String(on));
        $("pause").textContent = on ? "Continue" : "Pause";
        if (on) {
          disconnect();
          status("Paused");
        } else {
          connect();
        }
      }

      document.addEventListener("visibilitychange", () => {
        if (document.hidden) {
          disconnect();
          if (!isPaused) status("Paused while hidden");
        } else {
          connect();
        }
      });
      document.addEventListener("keydown", event => {
        if (event.key === "Escape" && shownId) closePanel();
        if (event.key === "/" && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
          event.preventDefault();
          $("search").focus();
        }
      });
      function redraw() {
        if (previous) showRuntime();
        showTimeline();
      }
      addEventListener("resize", redraw);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
      $("pause").addEventListener("click", () => pause(!isPaused));
      $("search").addEventListener("input", showProcesses);
      $("growth").addEventListener("change", loadProcesses);
      $("level").addEventListener("change", showDelay);
      $("record").addEventListener("click", record);
      $("timeline").addEventListener("pointermove", pointAt);
      $("timeline").addEventListener("keydown", timelineKey);
      $("find").addEventListener("submit", event => {
        event.preventDefault();
        const text = $("search").value.trim();
        if (text) openPanel(text);
      });
      showColumns();
      loadProcesses();
      record();
      connect();

      """#
  }
#endif
