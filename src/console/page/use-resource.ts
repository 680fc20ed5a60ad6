import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Api } from "../contract.js";
import { type ApiError, call } from "./api.js";

/** What was asked for: the last answer, and why there is no newer one. */
export interface Resource<Answer> {
  readonly answer: Answer | null;
  readonly error: ApiError | null;
  readonly isLoading: boolean;
  readonly reload: () => void;
  readonly put: (answer: Answer) => void;
}

type Readable = "/api/keys" | "/api/callers" | "/api/audit" | "/api/issue-form";

/** Asks when what is asked changes, and again when it is told to; the answer before stays until there is another. */
export function useResource<Path extends Readable>(path: Path, asked: Api[Path]["asked"]): Resource<Api[Path]["answered"]> {
  const [answer, setAnswer] = useState<Api[Path]["answered"] | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [isLoading, setLoading] = useState(true);
  const turn = useRef(0);
  const latest = useRef(asked);
  latest.current = asked;
  const body = JSON.stringify(asked);
  const load = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    setLoading(true);
    try {
      const answered = await call(path, latest.current);
      if (mine !== turn.current) return;
      setAnswer(answered);
      setError(null);
    } catch (failure) {
      if (mine === turn.current) setError(failure as ApiError);
    }
    if (mine === turn.current) setLoading(false);
  }, [path, body]);
  useEffect(() => {
    void load();
  }, [load]);
  const put = useCallback((given: Api[Path]["answered"]) => {
    turn.current += 1;
    setAnswer(given);
    setError(null);
    setLoading(false);
  }, []);
  return { answer, error, isLoading, reload: () => void load(), put };
}

const REFRESH_MILLISECONDS = 20_000;
const IDLE_MILLISECONDS = 600_000;

/**
 * Has something read again while a person is here: a page that is only open does not keep the console from ending. What is being read is not
 * asked for once more: an answer that takes long would never come.
 */
export function useRefresh({ reload, isLoading }: Pick<Resource<unknown>, "reload" | "isLoading">): void {
  const latest = useRef(reload);
  latest.current = () => void (isLoading || reload());
  useEffect(() => {
    let usedAt = Date.now();
    const used = () => {
      usedAt = Date.now();
    };
    const isHere = () => document.visibilityState === "visible" && Date.now() - usedAt < IDLE_MILLISECONDS;
    const timer = setInterval(() => isHere() && latest.current(), REFRESH_MILLISECONDS);
    const returned = () => {
      used();
      if (document.visibilityState === "visible") latest.current();
    };
    const inputs = ["pointermove", "keydown"] as const;
    for (const input of inputs) addEventListener(input, used, { passive: true });
    document.addEventListener("visibilitychange", returned);
    return () => {
      clearInterval(timer);
      for (const input of inputs) removeEventListener(input, used);
      document.removeEventListener("visibilitychange", returned);
    };
  }, []);
}

/** The console's clock, which is not this browser's: seconds, anew every ten. */
export function useNow(told: number): number {
  const start = useRef({ told, at: performance.now() });
  if (start.current.told !== told) start.current = { told, at: performance.now() };
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return told + Math.floor((performance.now() - start.current.at) / 1_000);
}
