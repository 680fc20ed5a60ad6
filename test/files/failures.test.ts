import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { asUnreadable, asUnwritable } from "../../src/files/failures.js";

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

describe("a disk that fails", () => {
  it.each([
    ["ENOSPC", "the disk is full"],
    ["EDQUOT", "the disk quota is used up"],
    ["EIO", "the disk failed"],
    ["EMFILE", "this process has too many open files"],
    ["ENFILE", "this machine has too many open files"],
  ])("is told as what it is when something is written: %s", (code, words) => {
    const told = asUnwritable("/keys/a.key", failure(code));
    expect(told).toMatchObject({ code: "store_failed", message: `/keys/a.key cannot be written (${code}): ${words}` });
  });

  it.each([
    ["EIO", "the disk failed"],
    ["EMFILE", "this process has too many open files"],
    ["ENFILE", "this machine has too many open files"],
  ])("is told as what it is when something is read: %s", (code, words) => {
    const told = asUnreadable("/keys", failure(code));
    expect(told).toMatchObject({ code: "store_failed", message: `/keys cannot be read (${code}): ${words}` });
    expect(told).toBeInstanceOf(SignetError);
  });
});
