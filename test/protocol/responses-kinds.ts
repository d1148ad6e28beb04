import { expect } from 'bun:test'
import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { isRecord } from '../../src/kit/json.ts'
import { chatRequestOut } from '../../src/protocol/chat/request-out.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import { messagesRequestOut } from '../../src/protocol/messages/request-out.ts'
import { Message, MessagesRequest } from '../../src/protocol/messages/schema.ts'
import { makeSignature } from '../../src/protocol/messages/signature.ts'
import { NEUTRAL_PROFILE, type Profile } from '../../src/protocol/profile.ts'
import type { StreamEvent } from '../../src/protocol/protocol.ts'
import { openSealed, sealRedacted, sealThinking } from '../../src/protocol/responses/envelope.ts'
import type { ResponsesInOptions } from '../../src/protocol/responses/item-reader.ts'
import { reasoningSignature } from '../../src/protocol/responses/reasoning-signature.ts'
import { responsesReplyIn } from '../../src/protocol/responses/reply-in.ts'
import { responsesReplyOut } from '../../src/protocol/responses/reply-out.ts'
import { responsesRequestIn } from '../../src/protocol/responses/request-in.ts'
import { responsesRequestOut } from '../../src/protocol/responses/request-out.ts'
import { createResponsesStreamIn } from '../../src/protocol/responses/stream-in.ts'
import { createResponsesStreamOut } from '../../src/protocol/responses/stream-out.ts'
import { eventLines, type Golden, type Outcome, runStream, stillWorld } from '../support/golden.ts'
import { ResponseStreamChecker } from './responses/response-stream.ts'

/** The kinds of golden case that the Responses codec serves. */
export const responsesKinds: Readonly<Record<string, (golden: Golden) => Outcome>> = {
  'responses.request-in': requestIn,
  'responses.request-out': requestOut,
  'responses.reply-in': replyIn,
  'responses.reply-out': replyOut,
  'responses.stream-in': streamIn,
  'responses.stream-out': streamOut,
  'responses-on-chat.request': requestOnChat,
  'responses-on-chat.stream': streamOnChat,
}

const OPENAI: Profile = {
  ...NEUTRAL_PROFILE,
  name: 'openai',
  system_role: 'developer',
  effort_levels: ['minimal', 'low', 'medium', 'high', 'xhigh'],
  strict_tools: true,
  service_tier: true,
}

/** A Responses client's request as it reaches Claude. */
function requestIn(golden: Golden): Outcome {
  const body: unknown = JSON.parse(sealed(golden.input))
  const turn = responsesRequestIn(body, { fastMode: golden.headers.fast_mode === true })
  const { value, notes } = messagesRequestOut(turn)
  return { value, notes: [...turn.notes, ...notes] }
}

function requestOut(golden: Golden): Outcome {
  const request = checked(MessagesRequest, JSON.parse(sealed(golden.input)))
  const { profile: own, hints: said } = golden.headers
  const profile: Profile = isRecord(own) ? { ...OPENAI, ...own } : OPENAI
  const hints = isRecord(said) ? said : {}
  const { value, notes } = responsesRequestOut({ request, hints, notes: [] }, profile)
  return { value: JSON.parse(JSON.stringify(value)), notes }
}

/** What reading a golden upstream reply is given. */
export function responsesInOptions(): ResponsesInOptions {
  return { world: stillWorld(), model: 'claude-alias', upstream: 'openai' }
}

function replyIn(golden: Golden): Outcome {
  const body: unknown = JSON.parse(golden.input)
  if (!isRecord(body)) throw new Error('not an object')
  const { value, notes } = responsesReplyIn(body, responsesInOptions())
  return { value: named(value), notes }
}

function streamIn(golden: Golden): Outcome {
  const chunks = [new TextEncoder().encode(golden.input)]
  const events = runStream(createResponsesStreamIn(responsesInOptions()), chunks)
  return { value: named(eventLines(events)), notes: [] }
}

/** The response, as far as the case speaks of it. */
function replyOut(golden: Golden): Outcome {
  const message = checked(Message, JSON.parse(golden.input))
  const options = { request: golden.headers.request, world: stillWorld() }
  const response = named(responsesReplyOut(message, options))
  return { value: projected(JSON.parse(golden.expected), response), notes: [] }
}

function streamOut(golden: Golden): Outcome {
  return { value: spoken(golden, hubEvents(golden.input)), notes: [] }
}

function requestOnChat(golden: Golden): Outcome {
  const turn = responsesRequestIn(JSON.parse(golden.input))
  return { value: chatRequestOut(turn, NEUTRAL_PROFILE).value.messages, notes: [] }
}

function streamOnChat(golden: Golden): Outcome {
  const machine = createChatStreamIn({ world: stillWorld(), model: 'gpt-alias' })
  const events = runStream(machine, [new TextEncoder().encode(golden.input)])
  return { value: spoken(golden, events), notes: [] }
}

/** The hub events of a case, one a line. */
export function hubEvents(input: string): StreamEvent[] {
  const lines = input.split('\n').filter((line) => line !== '')
  return lines.map((line): StreamEvent => JSON.parse(line))
}

/** The stream that a client gets, held against the API's rules, as far as the case speaks of each event. */
function spoken(golden: Golden, events: readonly StreamEvent[]): string {
  const text = responsesText(events, golden.headers.request)
  const sent = ResponseStreamChecker.check(text).map(named)
  const wanted = golden.expected.trim().split('\n')
  expect(sent.map((event) => (isRecord(event) ? event.type : ''))).toEqual(
    wanted.map((line) => JSON.parse(line).type),
  )
  return wanted.map((line, index) => spaced(projected(JSON.parse(line), sent[index]))).join('\n')
}

/** The whole SSE text of hub events for a client's request. */
export function responsesText(events: readonly StreamEvent[], request: unknown): string {
  const out = createResponsesStreamOut({ request, world: stillWorld() })
  return events.map((event) => out.push(event)).join('') + out.end()
}

/** A value with only the keys that are expected of it; `$absent` names keys that must not be there. */
function projected(expected: unknown, actual: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((item, index) => projected(expected[index], item))
  }
  if (!isRecord(expected) || !isRecord(actual)) return actual
  return Object.fromEntries(
    Object.entries(expected).map(([key, value]) => {
      if (key !== '$absent' || !Array.isArray(value)) return [key, projected(value, actual[key])]
      return [key, value.filter((name) => !(name in actual))]
    }),
  )
}

/** JSON with a space behind each colon and comma, as the cases are written. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'undefined'
  const entries = Object.entries(value).map(([key, inner]) => `"${key}": ${spaced(inner)}`)
  return `{${entries.join(', ')}}`
}

/** Writes out the opaque values that a case names by what is in them. */
function sealed(text: string): string {
  return text
    .replace(/\{\{reasoning (.*?)\|(.*?)\}\}/g, (_, encrypted, upstream) =>
      reasoningSignature(encrypted, upstream),
    )
    .replace(/\{\{thinking (.*?)\|(.*?)\}\}/g, (_, thinking, signature) =>
      sealThinking(thinking, signature),
    )
    .replace(/\{\{redacted (.*?)\}\}/g, (_, data) => sealRedacted(data))
}

const UNSIGNED = makeSignature({ origin: 'responses' })

/** The reverse: a value with its opaque parts named by what is in them. */
function named(value: unknown): unknown {
  if (typeof value === 'string') return namedText(value)
  if (Array.isArray(value)) return value.map(named)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner)]))
}

function namedText(text: string): string {
  const content = openSealed(text)
  if (content?.kind === 'redacted') return `{{redacted ${content.data}}}`
  if (content !== undefined) return `{{thinking ${content.thinking}|${content.signature ?? ''}}}`
  const plain = text.replaceAll(UNSIGNED, '{{unsigned}}')
  return plain.replaceAll(reasoningSignature('enc', 'openai'), '{{reasoning enc|openai}}')
}

function checked<Schema extends TSchema>(schema: Schema, value: unknown): Static<Schema> {
  if (Value.Check(schema, value)) return value
  throw new Error(JSON.stringify(Value.Errors(schema, value).First()))
}
