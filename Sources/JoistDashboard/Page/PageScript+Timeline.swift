// SPDX-License-Identifier: Apache-2.0
//
// The last moments from the recorder: a lane for each scheduler, coloured by what ran.

#if Dashboard
  extension PageScript {
    static let timeline = #"""
      let moments = null;
      let view = { from: 0, to: 1 };  // the part of the time that is shown
      const laneHeight = 24;

      async function record() {
        $("record").disabled = true;
        try {
          moments = await get("api/timeline?seconds=0.2&level=" + $("record-level").value);
          view = { from: 0, to: 1 };
          showTimeline();
        } catch (error) {
          $("moment").textContent = error.message;
        }
        $("record").disabled = false;
      }

      // A colour for a name, the same each time.
      function hue(name) {
        let number = 7;
        for (const character of name) number = (number * 31 + character.codePointAt(0)) % 9973;
        return `hsl(${number % 360} 34% ${matchMedia("(prefers-color-scheme: dark)").matches ? 60 : 50}%)`;
      }

      function showTimeline() {
        if (!moments) return;
        const canvas = $("timeline");
        const totals = moments.names.map(() => 0);
        for (const lane of moments.lanes) for (const slice of lane.slices) totals[slice[2]] += slice[1];
        const order = totals.map((time, index) => [time, index]).sort((left, right) => right[0] - left[0]);
        const colours = moments.names.map(hue);
        canvas.style.height = Math.max(1, moments.lanes.length) * laneHeight + 20 + "px";
        $("moment").replaceChildren(...order.slice(0, 8).map(([time, index]) => {
          const mark = make("i");
          mark.style.background = colours[index];
          return make("span", {}, mark, moments.names[index], make("b", {}, "\u2002" + duration(time)));
        }));
        if (!order.length) $("moment").textContent = "Nothing ran in that time, or the recorder is off.";
        paint(canvas, (context, width, height) => drawLanes(context, width, height, colours));
        $("under").textContent = `${duration((view.to - view.from) * moments.nanoseconds)} shown of `
          + duration(moments.nanoseconds) + (moments.isCut ? "; older slices are left out" : "");
      }

      function drawLanes(context, width, height, colours) {
        const left = 46, inner = width - left, all = moments.nanoseconds || 1;
        const x = time => left + inner * (time / all - view.from) / (view.to - view.from);
        context.textBaseline = "middle";
        moments.lanes.forEach((lane, index) => {
          const top = index * laneHeight;
          context.fillStyle = colour("sleeping");
          context.fillRect(left, top + 2, inner, laneHeight - 4);
          for (const [start, length, name] of lane.slices) {
            const begin = Math.max(x(start), left), end = Math.min(x(start + length), width);
            if (end < left || begin > width) continue;
            context.fillStyle = colours[name];
            context.fillRect(begin, top + 2, Math.max(end - begin, .6), laneHeight - 4);
          }
          context.clearRect(0, top, left - 1, laneHeight);
          context.fillStyle = colour("dim");
          context.fillText(lane.name.replace(/^scheduler /, "").slice(0, 7), 0, top + laneHeight / 2);
        });
        context.textAlign = "center";
        for (let mark = 0; mark <= 4; mark++) {
          const part = view.from + (view.to - view.from) * mark / 4;
          context.textAlign = mark === 0 ? "left" : mark === 4 ? "right" : "center";
          context.fillText(duration(part * all), left + inner * mark / 4, height - 8);
        }
        context.textAlign = "left";
      }

      // Says what is under the pointer.
      function pointAt(event) {
        if (!moments) return;
        const box = $("timeline").getBoundingClientRect();
        const lane = moments.lanes[Math.floor((event.clientY - box.top) / laneHeight)];
        const part = view.from + (view.to - view.from) * (event.clientX - box.left - 46) / (box.width - 46);
        const time = part * moments.nanoseconds;
        const slice = lane?.slices.find(([start, length]) => start <= time && time < start + length);
        $("timeline").title = slice ? `${moments.names[slice[2]]}, ${duration(slice[1])}` : "";
      }

      function zoom(factor, middle) {
        const size = Math.min(1, Math.max(1e-5, (view.to - view.from) * factor));
        const from = Math.min(1 - size, Math.max(0, middle - size / 2));
        view = { from, to: from + size };
        showTimeline();
      }

      function timelineKey(event) {
        const size = view.to - view.from, middle = (view.from + view.to) / 2;
        const moves = { "+": [.5, 0], "=": [.5, 0], "-": [2, 0], ArrowLeft: [1, -.25], ArrowRight: [1, .25] };
        const move = moves[event.key];
        if (!move || !moments) return;
        event.preventDefault();
        zoom(move[0], middle + move[1] * size);
      }

      """#
  }
#endif
