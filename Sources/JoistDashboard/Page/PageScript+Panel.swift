// SPDX-License-Identifier: Apache-2.0
//
// The panel about one process, which the page asks for again while it is open.

#if Dashboard
  extension PageScript {
    static let panel = #"""
      let shownId = null;
      let opener = null;
      let armed = null;  // the process that the next press of the button ends

      function openPanel(id) {
        if (!shownId) opener = document.activeElement?.dataset?.id;
        shownId = id;
        armed = null;
        loadPanel(true);
        showProcesses();
      }

      function closePanel() {
        shownId = null;
        $("panel").hidden = true;
        showProcesses();
        if (opener) document.querySelector(`main [data-id="${CSS.escape(opener)}"]`)?.focus();
      }

      async function loadPanel(isNew) {
        const id = shownId;
        if (!id) return;
        try {
          const page = await get("api/process?id=" + encodeURIComponent(id));
          if (shownId === id) showPanel(page);
        } catch (error) {
          if (shownId === id) fillPanel(id, make("p", { class: "danger" }, error.message));
        }
        if (isNew && shownId === id) $("panel").querySelector("button").focus();
      }

      function fillPanel(title, ...children) {
        const panel = $("panel");
        const hadFocus = panel.contains(document.activeElement) && document.activeElement.dataset.key;
        panel.hidden = false;
        panel.replaceChildren(make("div", { class: "top" }, make("h2", {}, title),
          make("button", { type: "button", "data-key": "close", onclick: closePanel }, "Close")), ...children);
        if (hadFocus) panel.querySelector(`[data-key="${CSS.escape(hadFocus)}"]`)?.focus({ preventScroll: true });
      }

      function showPanel(page) {
        const process = page.process;
        const facts = [
          ["Identity", process.id],
          ["State", process.state + (process.waitReason ? ` in ${process.waitReason}` : "")
            + (process.waitingNanoseconds ? ` for ${duration(process.waitingNanoseconds)}` : "")],
          ["Priority", process.priority],
          ["Waits for", page.waitsFor && processLink(page.waitsFor)],
          ["Supervisor", page.supervisor && make("span", {}, processLink(page.supervisor),
            page.childName ? ` as ${page.childName}` : "")],
          ["Parent", process.parent && processLink(process.parent)],
          ["Processor", `${duration(process.cpuNanoseconds)} in ${count(process.slices)} slices`],
          ["Queued", duration(process.queuedNanoseconds)],
          ["Messages", `${count(process.messagesIn)} in, ${count(process.messagesOut)} out`],
          ["Mailbox", `${count(process.mailbox)} now, ${count(process.longestMailbox)} at most`],
          ["Memory", bytes(memory(process)) + ": " + Object.entries(process.memoryBytes)
            .filter(part => part[1]).map(([part, size]) => `${part} ${bytes(size)}`).join(", ")],
          ["Waits", Object.entries(process.waits).map(([reason, number]) => `${reason} ${count(number)}`).join(", ")],
          ["Links", page.links.length && links(page.links)],
          ["Monitors", page.monitors.length && links(page.monitors)],
        ];
        fillPanel(process.name || process.id, actions(process),
          make("dl", {}, ...facts.filter(fact => fact[1]).flatMap(([title, value]) =>
            [make("dt", {}, title), make("dd", {}, value)])),
          make("h3", {}, "Stack"), frames(page.stack),
          ...part("Mailbox, oldest first", page.mailboxTypes), ...part("Last events", page.events));
      }

      function links(ids) {
        return make("span", {}, ...ids.slice(0, 50).flatMap((id, index) => [index ? ", " : "", processLink(id)]),
          ids.length > 50 ? ` and ${ids.length - 50} more` : "");
      }

      function frames(stack) {
        if (!stack.length) return make("p", { class: "empty" }, "Not readable now, as while a process runs.");
        return make("ol", { class: "stack" }, ...stack.map(frame => make("li", {},
          make("code", {}, frame.function || "0x" + frame.address.toString(16)),
          frame.file ? make("small", {}, frame.file + (frame.line ? ":" + frame.line : "")) : null)));
      }

      function part(title, texts) {
        if (!texts.length) return [];
        return [make("h3", {}, title), make("ul", {}, ...texts.map(text => make("li", {}, make("code", {}, text))))];
      }

      function actions(process) {
        if (!previous?.program.allowsControl || !mayControl) return null;
        const act = (name, title) =>
          make("button", { type: "button", "data-key": name, onclick: () => run(name) }, title);
        const run = async action => {
          try {
            await get(`api/control?action=${action}&id=` + encodeURIComponent(process.id), { method: "POST" });
            notice(null);
          } catch (error) { notice(error.message); }
          armed = null;
          loadPanel();
        };
        const kill = make("button", { type: "button", class: "danger", "data-key": "kill", onclick: () => {
          if (armed === process.id) return run("kill");
          armed = process.id;
          loadPanel();
        } }, armed === process.id ? "Press again to end it" : "End");
        return make("div", { class: "acts" }, process.state === "suspended" ? act("resume", "Resume")
          : act("suspend", "Suspend"), kill);
      }

      """#
  }
#endif
