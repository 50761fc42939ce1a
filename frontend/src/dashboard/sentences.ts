/** Failed calls in words. */

import { CallFailed } from "./api.ts";
import type { Texts } from "./texts.ts";

export function sentenceOf(texts: Texts, error: unknown): string {
  if (error instanceof CallFailed && error.status === 0) return texts.text("call.unreachable");
  return texts.text("call.failed", { sentence: error instanceof Error ? error.message : "" });
}

export function signInSentence(texts: Texts, error: unknown): string {
  if (error instanceof CallFailed && error.status === 429)
    return texts.text("sign_in.wait", { pause: { seconds: error.retryAfterSeconds } });
  if (error instanceof CallFailed && error.status === 401) return texts.text("sign_in.refused");
  return sentenceOf(texts, error);
}
