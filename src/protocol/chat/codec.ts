import { checker } from '../check.ts'
import type { Codec, ReadOptions, WriteOptions } from '../codec.ts'
import type { Usage } from '../protocol.ts'
import { createUsageTap, tapStop } from '../usage-tap.ts'
import { chatErrors } from './error.ts'
import type { LostOptions } from './lost-fields.ts'
import type { ChatInOptions } from './reader.ts'
import { chatReplyIn } from './reply-in.ts'
import { chatReplyOut } from './reply-out.ts'
import { chatRequestIn } from './request-in.ts'
import { chatRequestOut } from './request-out.ts'
import { ChatRequest } from './schema.ts'
import { createChatStreamIn } from './stream-in.ts'
import { type ChatOutOptions, createChatStreamOut } from './stream-out.ts'
import { tapUsage } from './usage.ts'

const check = checker(ChatRequest)
/** What a Chat stream ends with; some vendors leave the first one out. */
const ENDS = /^data: ?\[DONE\]|"finish_reason": ?"/m
/** OpenRouter puts the error behind the other fields of a chunk. */
const FAILURES = /"error": ?[{"]/

const FINISH_REASON = '"finish_reason"'
const stop = (usage: Usage, buffer: Buffer) =>
  tapStop(usage, buffer, buffer.lastIndexOf(FINISH_REASON), FINISH_REASON)

/** OpenAI Chat Completions and all that is compatible with it. */
export const chatCodec: Codec = {
  name: 'chat',
  path: '/v1/chat/completions',
  errors: chatErrors,
  ping: ': ping\n\n',
  holds: new Set(['text', 'thinking', 'tool_use']),
  requestIn: (body, whole) => chatRequestIn(check(body), whole),
  requestOut: (turn, { profile, defaultMaxTokens }) => ({
    ...chatRequestOut(limited(turn, defaultMaxTokens), profile),
    betas: [],
  }),
  replyIn: (body, options) => chatReplyIn(body, inOptions(options)),
  replyOut: (message, options) => chatReplyOut(message, outOptions(options)),
  streamIn: (options) => createChatStreamIn(inOptions(options)),
  streamOut: (options) => createChatStreamOut(outOptions(options)),
  tap: () => createUsageTap({ usageOf: tapUsage, ends: ENDS, failures: FAILURES, stop }),
}

function inOptions(options: ReadOptions): ChatInOptions & LostOptions {
  const { world, model, names, stopSequences, profile, lost } = options
  return {
    world,
    model,
    keepsDetails: profile.replay_reasoning === 'reasoning_details',
    ...(lost === undefined ? {} : { lost }),
    ...(names === undefined ? {} : { names }),
    ...(stopSequences === undefined ? {} : { stopSequences }),
  }
}

function outOptions({ world, model, turn }: WriteOptions): ChatOutOptions {
  return {
    world,
    model,
    includeUsage: turn.hints.include_usage === true,
    legacyFunctions: turn.hints.legacy_functions === true,
  }
}

function limited<Turn extends { readonly request: { max_tokens?: number } }>(
  turn: Turn,
  limit: number,
): Turn {
  const { request } = turn
  return request.max_tokens === undefined
    ? { ...turn, request: { ...request, max_tokens: limit } }
    : turn
}
