// SPDX-License-Identifier: Apache-2.0
//
// How processes hang together: the supervision tree, and waits of one process for another.

#if Dashboard
  extension PageScript {
    static let structure = #"""
      const closed = new Set();  // supervisors whose children are folded
      const maxChildren = 200;   // children of a supervisor that are shown

      function showTree(nodes) {
        const focused = document.activeElement?.closest?.("#tree [data-id]")?.dataset.id;
        $("tree").replaceChildren(nodes.length ? branch(nodes)
          : make("p", { class: "empty" }, "The program has no supervisors."));
        if (focused) $("tree").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      }

      function branch(nodes) {
        return make("ul", {}, ...nodes.slice(0, maxChildren).map(node => make("li", {}, leaf(node))),
          nodes.length > maxChildren ? make("li", { class: "empty" }, `and ${nodes.length - maxChildren} more`) : null);
      }

      function leaf(node) {
        const title = [processLink(node.id, node.name || node.id), node.name ? make("small", {}, " " + node.id) : null,
          node.attempt > 1 ? make("span", { class: "again" }, ` started ${node.attempt} times`) : null]
          .filter(child => child);
        if (!node.isSupervisor) return make("span", {}, ...title);
        const details = make("details", {
          open: closed.has(node.id) ? null : "",
          ontoggle: event => closed[event.target.open ? "delete" : "add"](node.id),
        }, make("summary", {}, ...title, make("small", {}, ` · ${node.children.length}`)), branch(node.children));
        return details;
      }

      function showWaits({ circles, longest }) {
        $("circles").replaceChildren(...circles.map(circle => make("div", { class: "circle" },
          make("p", {}, circle.isCertain ? "Deadlock: none of these can continue" : "Circle that a timeout may end"),
          make("ol", {}, ...circle.edges.map(edge)))));
        const shown = new Set(circles.flatMap(circle => circle.edges.map(wait => wait.waiter)));
        $("longest").replaceChildren(...longest.filter(wait => !shown.has(wait.waiter)).slice(0, 12).map(edge));
        if (!circles.length && !longest.length) {
          $("circles").replaceChildren(make("p", { class: "empty" }, "No process waits for another one."));
        }
      }

      const verbs = { call: "calls", lock: "needs a lock of", join: "waits for the end of", send: "waits to send to" };

      function edge(wait) {
        return make("li", {}, processLink(wait.waiter, wait.waiterName), ` ${verbs[wait.kind] || wait.kind} `,
          processLink(wait.awaited, wait.awaitedName),
          make("small", {}, ` ${duration(wait.nanoseconds)}${wait.hasTimeout ? ", with timeout" : ""}`));
      }

      """#
  }
#endif
