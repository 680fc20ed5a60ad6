/** Virtual time: events in their order, with promises settled between them. */
export interface Clockwork {
  /** True time, in seconds. */
  now(): number;
  /** Runs something later. `settles` tells that promises may go on after it. */
  at(time: number, run: () => void, settles?: boolean): void;
  /** Lets time pass. */
  advanceTo(time: number): Promise<void>;
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly settles: boolean;
  run(): void;
}

/** @param settled waits until every promise has gone as far as it can at one moment; another one where Node's threads take part */
export function createClockwork(start: number, settled: () => Promise<void> = oneTurn): Clockwork {
  const events: Event[] = [];
  let present = start;
  let order = 0;
  return {
    now: () => present,
    at(time, run, settles = true) {
      push(events, { time, order: order++, settles, run });
    },
    async advanceTo(time) {
      await settled();
      for (let next = events[0]; next !== undefined && next.time <= time; next = events[0]) {
        pop(events);
        present = Math.max(present, next.time);
        next.run();
        if (next.settles) await settled();
      }
      present = Math.max(present, time);
    },
  };
}

const oneTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const isBefore = (a: Event, b: Event): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

// A heap: with thousands of events a sorted list costs more than everything else.
function push(heap: Event[], event: Event): void {
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(event, heap[parent] as Event)) break;
    heap[index] = heap[parent] as Event;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop() as Event;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (!isBefore(heap[child] as Event, last)) break;
    heap[index] = heap[child] as Event;
    index = child;
  }
  heap[index] = last;
}
