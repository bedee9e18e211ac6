// SPDX-License-Identifier: Apache-2.0
//
// The script of the page: a module in parts, each of which is a Swift file of this folder. Everything that a program
// names reaches the page as text and never as markup.

#if Dashboard
  /// The script of the page.
  enum PageScript {
    static let bytes = Array((helpers + charts + overview + processes + panel + structure + timeline + live).utf8)

    /// Elements, formats of numbers, and requests.
    static let helpers = #"""
      const $ = id => document.getElementById(id);

      // Makes an element. Children are elements or texts; a text is never read as markup.
      function make(name, settings, ...children) {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(settings || {})) {
          if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
          else if (key === "class") element.className = value;
          else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
        }
        element.append(...children.filter(child => child !== null && child !== undefined));
        return element;
      }

      function duration(ns) {
        const units = [["ns", 1e3], ["µs", 1e3], ["ms", 1e3], ["s", 60], ["min", 60], ["h", 24], ["d", Infinity]];
        let value = ns;
        for (const [unit, size] of units) {
          if (Math.abs(value) < size * .9995) return short(value) + "\u202f" + unit;
          value /= size;
        }
      }

      function bytes(count) {
        let value = count;
        for (const unit of ["B", "KiB", "MiB", "GiB"]) {
          if (Math.abs(value) < 1000) return short(value) + "\u202f" + unit;
          value /= 1024;
        }
        return short(value) + "\u202fTiB";
      }

      function count(value) {
        for (const unit of ["", "k", "M", "G"]) {
          if (Math.abs(value) < 9999.5 && !unit) return String(Math.round(value));
          if (Math.abs(value) < 999.5) return short(value) + "\u202f" + unit;
          value /= 1000;
        }
        return short(value) + "\u202fT";
      }

      function short(value) {
        const size = Math.abs(value);
        if (size >= 99.95 || Number.isInteger(value)) return String(Math.round(value));
        return value.toFixed(size < 9.995 ? 2 : 1);
      }

      const percent = part => (100 * part).toFixed(part < .0995 ? 1 : 0) + "\u202f%";
      const sum = values => values.reduce((left, right) => left + right, 0);

      async function get(path, settings) {
        const response = await fetch(path, settings);
        const answer = await response.json().catch(() => ({}));
        if (!response.ok) throw new Error(answer.error || "The server answered " + response.status + ".");
        return answer;
      }

      // A button that opens a process in the panel.
      function processLink(id, name) {
        const open = () => openPanel(id);
        return make("button", { class: "link", type: "button", "data-id": id, onclick: open }, name || id);
      }

      function notice(text) {
        $("notice").hidden = !text;
        $("notice").textContent = text || "";
      }

      """#
  }
#endif
