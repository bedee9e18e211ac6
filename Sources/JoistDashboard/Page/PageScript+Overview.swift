// SPDX-License-Identifier: Apache-2.0
//
// Key figures, schedulers, run queues and run delay: what one event about the runtime changes.

#if Dashboard
  extension PageScript {
    static let overview = #"""
      const historyLength = 120;  // steps of time that are kept
      const minSteps = 40;        // steps for which charts have space from the start
      const states = ["running", "collecting", "timers", "stealing", "overhead", "spinning", "sleeping"];
      const levels = ["max", "high", "normal", "low"];
      let history = [];  // what changed in each step of time, the newest last
      let previous = null;

      // Takes an event about the runtime: the difference to the one before it is a step of the history.
      function takeRuntime({ program, runtime }) {
        if (previous && (program.pid !== previous.program.pid
            || program.uptimeNanoseconds < previous.program.uptimeNanoseconds)) {
          notice("The program was started again; the history begins anew.");
          history = [];
          previous = null;
        }
        if (previous && runtime.nowNanoseconds > previous.runtime.nowNanoseconds) {
          history.push(difference(previous.runtime, runtime));
          history = history.slice(-historyLength);
        }
        previous = { program, runtime };
        showFacts(program);
        showRuntime();
      }

      function difference(before, after) {
        const seconds = (after.nowNanoseconds - before.nowNanoseconds) / 1e9;
        const old = new Map(before.schedulers.map(scheduler => [scheduler.index, scheduler]));
        const rate = name => Math.max(0, ((after.counters[name] || 0) - (before.counters[name] || 0)) / seconds);
        const times = new Map(after.schedulers.map(scheduler => {
          const past = old.get(scheduler.index);
          const parts = states.map(state => [state, Math.max(0,
            (scheduler.timeNanoseconds[state] || 0) - (past && past.timeNanoseconds[state] || 0))]);
          const all = sum(parts.map(part => part[1])) || 1;
          return [scheduler.index, parts.map(([state, time]) => [state, time / all])];
        }));
        const slices = sum(after.schedulers.map(scheduler =>
          Math.max(0, scheduler.slices - (old.get(scheduler.index)?.slices || 0)))) / seconds;
        const busy = [...times.values()].map(parts => 1 - sum(parts.filter(([state]) =>
          state === "sleeping" || state === "spinning").map(part => part[1])));
        return {
          processes: sum(Object.values(after.processes)),
          busy: busy.length ? sum(busy) / busy.length : 0,
          slices, sent: rate("messagesSent"), spawned: rate("processesCreated"),
          memory: sum(Object.values(after.memoryBytes)),
          crashes: (after.counters.trapsContained || 0) + (after.counters.overflowsContained || 0),
          times,
          queues: levels.map((level, index) => ["level-" + level, sum(after.schedulers.map(scheduler =>
            scheduler.queueLengths[index] || 0))]),
          delays: Object.fromEntries(levels.map(level =>
            [level, news(before.histograms["runDelay." + level], after.histograms["runDelay." + level])])),
        };
      }

      // The buckets [upper bound, count] of what a histogram has gained.
      function news(before, after) {
        const old = new Map((before?.buckets || []).map(bucket => [bucket.upperBound, bucket.count]));
        return (after?.buckets || []).map(({ upperBound, count }) => [upperBound, count - (old.get(upperBound) || 0)])
          .filter(bucket => bucket[1] > 0);
      }

      function showFacts(program) {
        document.title = program.name + " · Joist";
        $("name").textContent = program.name;
        $("facts").textContent = `pid ${program.pid} · up ${duration(program.uptimeNanoseconds)} · `
          + `${program.schedulers} schedulers · Joist ${program.joistVersion}`;
      }

      const tiles = [
        ["Processes", "processes", count], ["Busy", "busy", percent, 1],
        ["Slices", "slices", value => count(value) + "/s"],
        ["Messages sent", "sent", value => count(value) + "/s"], ["Spawned", "spawned", value => count(value) + "/s"],
        ["Memory", "memory", bytes], ["Crashes contained", "crashes", count],
      ];

      function showTiles() {
        const area = $("tiles");
        if (!area.children.length) area.append(...tiles.map(([title]) => make("div", { class: "tile" },
          make("p", {}, title), make("b", {}, "–"), make("canvas", { "aria-hidden": "true" }))));
        const last = history[history.length - 1];
        tiles.forEach(([, key, format, top], index) => {
          const [, value, canvas] = area.children[index].children;
          if (last) value.textContent = format(last[key]);
          spark(canvas, history.map(entry => entry[key]), top);
        });
      }

      function showRuntime() {
        showTiles();
        showLanes(previous.runtime.schedulers);
        const last = history[history.length - 1];
        const queues = last ? last.queues : levels.map(level => ["level-" + level, 0]);
        legend($("levels"), queues.map(([name, value], index) => [name, levels[index], count(value)]));
        bars($("lengths"), history.map(entry => entry.queues),
          Math.max(4, ...history.map(entry => sum(entry.queues.map(part => part[1])))));
        showDelay();
      }

      function showLanes(schedulers) {
        const area = $("lanes");
        legend($("states"), states.slice(0, 6).map(state => [state, state]));
        while (area.children.length > schedulers.length) area.lastChild.remove();
        while (area.children.length < schedulers.length) area.append(make("div", { class: "lane" },
          make("b"), make("canvas", { role: "img", "aria-label": "States over time" }), make("span"), make("span")));
        const last = history[history.length - 1];
        schedulers.forEach((scheduler, index) => {
          const lane = area.children[index];
          const [name, canvas, busy, running] = lane.children;
          lane.classList.toggle("stuck", scheduler.isStuck);
          name.textContent = scheduler.index + (scheduler.isSpare ? "s" : "");
          const parts = last?.times.get(scheduler.index);
          busy.textContent = parts ? percent(sum(parts.slice(0, 5).map(part => part[1]))) : "";
          running.replaceChildren(...(scheduler.isStuck ? ["stuck in "] : []),
            scheduler.running ? processLink(scheduler.running) : "idle");
          canvas.style.height = Math.min(44, Math.max(18, 300 / schedulers.length - 6)) + "px";
          bars(canvas, history.map(entry => (entry.times.get(scheduler.index) || []).slice(0, 6)), 1);
        });
      }

      function showDelay() {
        const chosen = $("level").value;
        const steps = history.map(entry => {
          const all = new Map();
          for (const level of chosen ? [chosen] : levels) {
            for (const [bound, number] of entry.delays[level]) all.set(bound, (all.get(bound) || 0) + number);
          }
          return [...all].sort((left, right) => left[0] - right[0]);
        });
        const last = steps[steps.length - 1] || [];
        const text = part => { const value = quantile(last, part); return value ? duration(value) : "–"; };
        legend($("quantiles"), [["ink", "half below", text(.5)], ["warn", "99\u202f% below", text(.99)]]);
        heat($("heat"), steps);
      }

      """#
  }
#endif
