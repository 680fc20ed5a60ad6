import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { storyOf } from "../../look/captions.js";
import type { Lanes } from "../../look/lanes.js";
import { type LaneScene, type Scene, type Shape, sceneOf } from "../../look/scene.js";
import { Legend } from "./legend.js";
import { LivesTable } from "./lives-table.js";
import { measured } from "./measure.js";
import { turnsOf } from "./turns.js";

interface TimelineProps {
  readonly lanes: Lanes;
  /** How much of a change has come, 0 to 1. */
  readonly solid: number;
  readonly selected: string | undefined;
  readonly select: (name: string | undefined) => void;
}

/** The lives of the keys: for the eye, for the keyboard, and as a table for who hears it. */
export function Timeline({ lanes, solid, selected, select }: TimelineProps) {
  const place = useRef<HTMLDivElement>(null);
  const { width, scale } = useRoom(place);
  const [isUnfolded, setUnfolded] = useState(false);
  const [turn, setTurn] = useState(0);
  const scene = useMemo(
    () => (width === 0 ? null : sceneOf(lanes, { width: Math.floor(width / scale), measure: measured, isUnfolded, selected })),
    [lanes, width, scale, isUnfolded, selected],
  );
  const chosen = scene?.lanes.find(({ lane }) => lane.name === selected);
  const turns = chosen === undefined ? [] : turnsOf(chosen.lane, lanes.now);
  const [spoken, speak] = useState("");
  // Its words change with the time; they are spoken when another key, or part of a life, was chosen.
  useEffect(() => speak(chosen === undefined ? "" : `${chosen.lane.name} ${turns[turn] ?? ""}`), [selected, turn]);
  // Once it was drawn anew.
  const focusLane = () =>
    requestAnimationFrame(() => place.current?.querySelector<SVGElement>('.lane[tabindex="0"]:not(.fold)')?.focus());
  const choose = (name: string) => {
    setTurn(0);
    select(name);
  };
  const go = (name: string | undefined) => {
    if (name === undefined) return;
    choose(name);
    focusLane();
  };
  const step = (by: number) => setTurn((at) => Math.max(0, Math.min(turns.length - 1, at + by)));
  const names = scene?.lanes.map(({ lane }) => lane.name) ?? [];
  return (
    <div class="timeline-place">
      <div ref={place} class="timeline-width">
        {scene === null ? null : (
          <Picture
            scene={scene}
            scale={scale}
            now={lanes.now}
            solid={solid}
            chosen={chosen}
            select={choose}
            unfold={() => {
              setUnfolded(true);
              focusLane();
            }}
            onKeyDown={(event) => steer(event, names, selected, { go, step })}
          />
        )}
      </div>
      <p class="unseen" role="status">
        {spoken}
      </p>
      <p class="readout">
        {chosen === undefined ? (
          "Choose a key to read its life; the arrow keys lead from key to key, and along a life."
        ) : (
          <>
            <strong>{chosen.lane.name}</strong> {turns[Math.min(turn, turns.length - 1)]}
          </>
        )}
      </p>
      <Legend lanes={lanes} />
      {isUnfolded ? (
        <button type="button" class="quiet" onClick={() => setUnfolded(false)}>
          Fold earlier keys
        </button>
      ) : null}
      <LivesTable lanes={lanes} />
    </div>
  );
}

interface Place {
  readonly width: number;
  /** How much larger a person wants letters than usual. */
  readonly scale: number;
}

const USUAL_PIXELS = 16;

function useRoom(place: RefObject<HTMLDivElement>): Place {
  const [room, setRoom] = useState<Place>({ width: 0, scale: 1 });
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      const pixels = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      setRoom({ width: element.clientWidth, scale: pixels / USUAL_PIXELS });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [place]);
  return room;
}

interface Moves {
  readonly go: (name: string | undefined) => void;
  readonly step: (by: number) => void;
}

/** Up and down from key to key, left and right along a life. */
function steer(event: KeyboardEvent, names: readonly string[], selected: string | undefined, { go, step }: Moves): void {
  const at = names.indexOf(selected ?? "");
  if (event.key === "ArrowDown") go(names[Math.min(names.length - 1, at + 1)]);
  else if (event.key === "ArrowUp") go(names[Math.max(0, at - 1)]);
  else if (event.key === "Home") go(names[0]);
  else if (event.key === "End") go(names.at(-1));
  else if (event.key === "ArrowRight") step(1);
  else if (event.key === "ArrowLeft") step(-1);
  else return;
  event.preventDefault();
}

interface PictureProps {
  readonly scene: Scene;
  readonly scale: number;
  readonly now: number;
  readonly solid: number;
  readonly chosen: LaneScene | undefined;
  readonly select: (name: string) => void;
  readonly unfold: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Picture({ scene, scale, now, solid, chosen, select, unfold, onKeyDown }: PictureProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture is no fieldset
    <svg
      class="timeline"
      width={scene.width * scale}
      height={scene.height * scale}
      viewBox={`0 0 ${scene.width} ${scene.height}`}
      role="group"
      aria-label="Timeline: up and down go from key to key, left and right along a key's life"
      onKeyDown={onKeyDown}
    >
      <Hatch />
      <Silent>{scene.back.map(drawn)}</Silent>
      {scene.fold === null ? null : <Fold fold={scene.fold} width={scene.width} open={unfold} />}
      {scene.lanes.map((row, index) => (
        <LaneRow
          key={row.lane.name}
          row={row}
          now={now}
          isSelected={row === chosen}
          isReached={chosen === undefined ? index === 0 : row === chosen}
          select={() => select(row.lane.name)}
        />
      ))}
      <Ghosts scene={scene} solid={solid} />
      <Silent>
        {scene.front.map(drawn)}
        {scene.fold?.words.map(drawn)}
        {scene.lanes.flatMap(({ words }) => words.map(drawn))}
      </Silent>
    </svg>
  );
}

/** What is only seen: lanes and table say the same. */
function Silent({ children }: { children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <g aria-hidden="true" class="silent">
      {children}
    </g>
  );
}

function Hatch() {
  return (
    <defs>
      <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path class="hatching" d="M0 0V5" />
      </pattern>
    </defs>
  );
}

/** A shape of the scene as an element. */
function drawn(shape: Shape) {
  if (shape.kind === "path") return <path key={shape.look + shape.d} class={shape.look} d={shape.d} />;
  if (shape.kind === "rect") {
    const { x, y, width, height, round } = shape;
    return <rect key={`${shape.look} ${y}`} class={shape.look} x={x} y={y} width={width} height={height} rx={round} />;
  }
  return (
    <text key={`${shape.look} ${shape.x} ${shape.y}`} class={shape.look} x={shape.x} y={shape.y}>
      {shape.words}
    </text>
  );
}

interface LaneRowProps {
  readonly row: LaneScene;
  readonly now: number;
  readonly isSelected: boolean;
  readonly isReached: boolean;
  readonly select: () => void;
}

function LaneRow({ row, now, isSelected, isReached, select }: LaneRowProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no button within a picture
    <g
      class={isSelected ? "lane selected" : "lane"}
      role="button"
      tabindex={isReached ? 0 : -1}
      aria-pressed={isSelected}
      aria-label={storyOf(row.lane, now)}
      onFocus={select}
      onClick={select}
    >
      {row.shapes.map(drawn)}
    </g>
  );
}

function Fold({ fold, width, open }: { fold: NonNullable<Scene["fold"]>; width: number; open: () => void }) {
  const opened = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open();
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: there is no button within a picture
    <g
      class="lane fold"
      role="button"
      tabindex={0}
      aria-label={`Show ${fold.count} earlier keys`}
      onClick={open}
      onKeyDown={opened}
    >
      <rect class="lane-back" x={1} y={fold.y} width={width - 2} height={fold.height - 2} rx={8} />
      {fold.shapes.map(drawn)}
    </g>
  );
}

/** What a change would do: it slides in dashed, and fills as its steps come. */
function Ghosts({ scene, solid }: { scene: Scene; solid: number }) {
  const group = useRef<SVGGElement>(null);
  useEffect(() => group.current?.style.setProperty("--solid", String(solid)), [solid]);
  const shapes = [...scene.ghostThreads, ...scene.lanes.flatMap(({ ghost }) => ghost)];
  if (shapes.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <g ref={group} class={solid < 1 ? "ghosts" : "ghosts solid"} aria-hidden="true">
      {shapes.map(drawn)}
    </g>
  );
}
