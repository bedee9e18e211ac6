// SPDX-License-Identifier: Apache-2.0
//
// The script within a flame graph, for browsers. The picture is complete without it; it adds a zoom and a search.

/// The script that a flame graph contains.
enum FlameScript {
  /// The lines of the script.
  ///
  /// A frame is a group with a rectangle, a text and a title, whose first line is the name.
  static let text = """
    "use strict";
    (function () {
      var svg = document.documentElement, left = 10, full = 1180, letter = 6.65, gap = 0.5;
      var frames = Array.prototype.map.call(svg.querySelectorAll("g.frame"), function (g) {
        var rect = g.querySelector("rect"), name = g.querySelector("title").textContent.split("\\n")[0];
        return {
          group: g, rect: rect, text: g.querySelector("text"), name: name, short: g.getAttribute("data-short") || name,
          x: +rect.getAttribute("x"), y: +rect.getAttribute("y"), width: +rect.getAttribute("width") + gap
        };
      });
      var reset = svg.getElementById("reset"), search = svg.getElementById("search");
      var found = svg.getElementById("found");

      function fit(frame, x, width) {
        var letters = Math.floor((width - 6) / letter);
        frame.rect.setAttribute("x", x);
        frame.rect.setAttribute("width", width);
        frame.text.setAttribute("x", x + 4);
        frame.text.textContent = frame.name.length <= letters ? frame.name
          : frame.short.length <= letters ? frame.short
          : letters < 3 ? "" : frame.short.slice(0, letters - 1) + "\\u2026";
      }

      function zoom(target) {
        var scale = full / target.width, middle = target.x + target.width / 2, end = target.x + target.width - 0.01;
        frames.forEach(function (frame) {
          var isAbove = frame.y < target.y && frame.x < middle && frame.x + frame.width > middle;
          var isWithin = frame.y >= target.y && frame.x > target.x - 0.01 && frame.x < end;
          frame.group.style.display = isAbove || isWithin ? "" : "none";
          frame.group.style.opacity = isAbove ? 0.55 : 1;
          if (isAbove) fit(frame, left, full - gap);
          if (isWithin) fit(frame, left + (frame.x - target.x) * scale, Math.max(frame.width * scale - gap, 0.3));
        });
        reset.style.display = target === frames[0] ? "none" : "";
      }

      function find(words) {
        var sum = 0, spans = [];
        frames.forEach(function (frame) {
          var hit = words !== "" && frame.name.toLowerCase().indexOf(words.toLowerCase()) >= 0;
          frame.rect.classList.toggle("hit", hit);
          if (!hit) return;
          var middle = frame.x + frame.width / 2;
          if (spans.some(function (span) { return span.x < middle && span.x + span.width > middle; })) return;
          spans.push(frame);
          sum += frame.width;
        });
        found.textContent = words === "" ? "" : "found: " + (100 * sum / full).toFixed(1) + " %";
      }

      function ask() {
        var words = window.prompt("Part of a function's name; empty ends the search", "");
        if (words !== null) find(words);
      }

      frames.forEach(function (frame) {
        frame.group.addEventListener("click", function () { zoom(frame); });
      });
      reset.addEventListener("click", function () { zoom(frames[0]); });
      search.addEventListener("click", ask);
      search.style.display = "";
      window.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { zoom(frames[0]); find(""); }
        if (event.key === "/") { event.preventDefault(); ask(); }
      });
    })();
    """
}
