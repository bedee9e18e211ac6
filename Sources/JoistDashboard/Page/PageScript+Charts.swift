// SPDX-License-Identifier: Apache-2.0
//
// Drawings on canvases. Colours come from the style sheet, so that they follow light and dark.

#if Dashboard
  extension PageScript {
    static let charts = #"""
      const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

      // Sizes a canvas for the screen and calls `draw` with its context, width and height in style pixels.
      function paint(canvas, draw) {
        const width = canvas.clientWidth, height = canvas.clientHeight, ratio = window.devicePixelRatio || 1;
        if (!width || !height) return;
        if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
        if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
        const context = canvas.getContext("2d");
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        context.font = "11px system-ui, sans-serif";
        draw(context, width, height);
      }

      // The width of a step of time, and the place of step `index` of `length`, the newest at the right edge.
      const step = width => width / Math.max(minSteps, history.length);
      const place = (width, index, length) => width - (length - index) * step(width);

      function spark(canvas, values, top) {
        paint(canvas, (context, width, height) => {
          if (!values.length) return;
          const most = top || Math.max(...values, 1e-9);
          const x = index => place(width - 1, index + 1, values.length);
          const y = value => height - 1.5 - (height - 3) * Math.min(1, value / most);
          context.beginPath();
          values.forEach((value, index) => context.lineTo(x(index), y(value)));
          context.strokeStyle = colour("accent");
          context.lineWidth = 1.5;
          context.lineJoin = "round";
          context.stroke();
          context.lineTo(x(values.length - 1), height);
          context.lineTo(x(0), height);
          context.globalAlpha = .1;
          context.fillStyle = colour("accent");
          context.fill();
          context.globalAlpha = 1;
        });
      }

      // Stacked bars: each step is a list of [colour name, value]; `top` is the value of the full height.
      function bars(canvas, steps, top) {
        paint(canvas, (context, width, height) => {
          context.fillStyle = colour("sleeping");
          context.fillRect(0, 0, width, height);
          const colours = {};
          steps.forEach((parts, index) => {
            let bottom = height;
            for (const [name, value] of parts) {
              const size = height * value / top;
              context.fillStyle = colours[name] ||= colour(name);
              context.fillRect(place(width, index, steps.length), bottom - size, step(width) - .5, size);
              bottom -= size;
            }
          });
        });
      }

      // A heat map with a logarithmic scale of nanoseconds, and two lines over it.
      const heatLow = Math.log2(256), heatHigh = Math.log2(4e9);
      function heat(canvas, steps) {
        paint(canvas, (context, width, height) => {
          const left = 46, inner = width - left;
          const y = ns => height - 4 - (height - 8) * (Math.log2(Math.max(ns, 256)) - heatLow) / (heatHigh - heatLow);
          context.fillStyle = colour("dim");
          context.textBaseline = "middle";
          for (const [ns, text] of [[1e3, "1 µs"], [1e5, "100 µs"], [1e7, "10 ms"], [1e9, "1 s"]]) {
            context.globalAlpha = .25;
            context.fillRect(left, y(ns), inner, .5);
            context.globalAlpha = 1;
            context.fillText(text, 0, y(ns));
          }
          const rgb = colour("heat"), cell = bucketHeight(steps) * (height - 8) / (heatHigh - heatLow);
          steps.forEach((buckets, index) => {
            const all = sum(buckets.map(bucket => bucket[1]));
            for (const [bound, number] of buckets) {
              context.fillStyle = `rgb(${rgb} / ${(.12 + .88 * Math.sqrt(number / all)).toFixed(2)})`;
              context.fillRect(left + place(inner, index, steps.length), y(bound), step(inner) - .5, cell);
            }
          });
          for (const [part, name] of [[.5, "ink"], [.99, "warn"]]) {
            context.beginPath();
            steps.forEach((buckets, index) => {
              const value = quantile(buckets, part);
              if (value) context.lineTo(left + place(inner, index, steps.length) + step(inner) / 2, y(value));
            });
            context.strokeStyle = colour(name);
            context.lineWidth = 1.25;
            context.stroke();
          }
        });
      }

      // The smallest distance between the bounds of two buckets in powers of two: that is how wide a bucket is.
      function bucketHeight(steps) {
        let least = 1;
        for (const buckets of steps) {
          for (let index = 1; index < buckets.length; index++) {
            least = Math.min(least, Math.log2(buckets[index][0] / buckets[index - 1][0]));
          }
        }
        return Math.max(least, 1 / 8);
      }

      // The value below which that part of the buckets [upper bound, count] lies; null without values.
      function quantile(buckets, part) {
        let left = Math.max(1, Math.ceil(part * sum(buckets.map(bucket => bucket[1]))));
        for (const [bound, number] of buckets) if ((left -= number) <= 0) return bound;
        return null;
      }

      function legend(element, entries) {
        element.replaceChildren(...entries.map(([name, text, value]) => {
          const mark = make("i");
          mark.style.background = "var(--" + name + ")";
          return make("span", {}, mark, text, value ? make("b", {}, "\u2002" + value) : null);
        }));
      }

      """#
  }
#endif
