// SPDX-License-Identifier: Apache-2.0
//
// The table of processes: sorted by the program, which knows all of them, and filtered by the page.

#if Dashboard
  extension PageScript {
    static let processes = #"""
      const memory = process => sum(Object.values(process.memoryBytes));
      // Title, figure to sort by if any, value, format.
      const columns = [
        ["Id", null, process => process.id],
        ["Name", null, process => process.name || ""],
        ["State", null, process => process.state],
        ["Waits in", null, process => process.waitReason || ""],
        ["for", "waiting", process => process.waitingNanoseconds || 0, duration],
        ["CPU", "cpu", process => process.cpuNanoseconds, duration],
        ["Queued", "queued", process => process.queuedNanoseconds, duration],
        ["Slices", "slices", process => process.slices, count],
        ["In", "messagesIn", process => process.messagesIn, count],
        ["Out", "messagesOut", process => process.messagesOut, count],
        ["Mailbox", "mailbox", process => process.mailbox, count],
        ["Memory", "memory", memory, bytes],
        ["Function", null, process => process.function || ""],
      ];
      let figure = "cpu";
      let list = null;
      let listRuns = false;

      function showColumns() {
        $("columns").replaceChildren(...columns.map(([title, key]) => make("th",
          { scope: "col", class: isText(title) ? "text" : "", "aria-sort": key === figure ? "descending" : null },
          key ? make("button", { type: "button", onclick: () => sortBy(key) }, title) : make("span", {}, title))));
      }

      const isText = title => ["Id", "Name", "State", "Waits in", "Function"].includes(title);

      function sortBy(key) {
        figure = key;
        showColumns();
        const button = $("columns").querySelector("[aria-sort] button");
        if (button) button.focus();
        loadProcesses();
      }

      // Asks for the list; at most one request is on its way, and the last choice wins.
      async function loadProcesses() {
        if (listRuns) return;
        listRuns = true;
        const asked = [figure, $("growth").checked];
        try {
          list = await get(`api/processes?by=${figure}&limit=100&growth=${asked[1] ? 1 : 0}`);
          showProcesses();
        } catch (error) {
          $("total").textContent = error.message;
        }
        listRuns = false;
        if (figure !== asked[0] || $("growth").checked !== asked[1]) loadProcesses();
      }

      function showProcesses() {
        if (!list) return;
        const words = $("search").value.trim().toLowerCase();
        const rows = list.rows.filter(({ process }) => !words
          || [process.id, process.name, process.state, process.waitReason, process.function].some(text =>
            text && text.toLowerCase().includes(words)));
        const window = list.windowNanoseconds ? `, growth in the last ${duration(list.windowNanoseconds)}` : "";
        $("total").textContent = `${rows.length} of ${count(list.total)}${window}`;
        const focused = document.activeElement?.closest?.("#rows [data-id]")?.dataset.id;
        $("rows").replaceChildren(...rows.map(row));
        if (focused) $("rows").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      }

      function row({ process, value }) {
        const cells = columns.map(([title, key, read, format]) => {
          if (title === "Id") return make("td", { class: "text" }, processLink(process.id));
          if (title === "State") return make("td", { class: "text" },
            make("span", { class: "state " + (/^[a-z]+$/.test(process.state) ? process.state : "") }, process.state));
          if (!format) return make("td", { class: "text", title: read(process) }, read(process));
          const isSorted = key === figure;
          const number = isSorted ? value : read(process);
          const text = (isSorted && list.windowNanoseconds && number > 0 ? "+" : "") + format(number);
          return make("td", { class: isSorted ? "sorted" : number ? "" : "zero" }, number ? text : "0");
        });
        return make("tr", { class: process.id === shownId ? "open" : "" }, ...cells);
      }

      """#
  }
#endif
