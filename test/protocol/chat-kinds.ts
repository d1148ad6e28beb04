import { expect } from 'bun:test'
import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ProxyError } from '../../src/kit/error.ts'
import { isRecord } from '../../src/kit/json.ts'
import type { ChatInOptions } from '../../src/protocol/chat/reader.ts'
import { chatReplyIn } from '../../src/protocol/chat/reply-in.ts'
import { chatReplyOut } from '../../src/protocol/chat/reply-out.ts'
import { chatRequestIn } from '../../src/protocol/chat/request-in.ts'
import { chatRequestOut } from '../../src/protocol/chat/request-out.ts'
import { ChatRequest } from '../../src/protocol/chat/schema.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import { type ChatOutOptions, createChatStreamOut } from '../../src/protocol/chat/stream-out.ts'
import { assemble, disassemble } from '../../src/protocol/messages/assemble.ts'
import { createMessagesStreamIn } from '../../src/protocol/messages/events.ts'
import { messagesRequestOut } from '../../src/protocol/messages/request-out.ts'
import { Message, MessagesRequest } from '../../src/protocol/messages/schema.ts'
import { toolNames } from '../../src/protocol/messages/tool-names.ts'
import { NEUTRAL_PROFILE } from '../../src/protocol/profile.ts'
import { recordsIn } from '../../src/protocol/value.ts'
import { chooseProfile } from '../../src/provider/profile.ts'
import {
  eventLines,
  framesOf,
  type Golden,
  type Outcome,
  runStream,
  stillWorld,
} from '../support/golden.ts'

/** The kinds of golden case that the Chat codec serves. */
export const chatKinds: Readonly<Record<string, (golden: Golden) => Outcome>> = {
  'chat.request-out': requestOut,
  'chat.request-in': requestIn,
  'chat.reply-in': replyIn,
  'chat.reply-out': replyOut,
  'chat.stream-in': streamIn,
  'chat.stream-out': streamOut,
}

function checked<Schema extends TSchema>(schema: Schema, text: string): Static<Schema> {
  const value: unknown = JSON.parse(text)
  if (!Value.Check(schema, value))
    throw new Error(JSON.stringify(Value.Errors(schema, value).First()))
  return value
}

/** `upstream` is a base URL; `profile` overrides single keys; `hints` are what Messages cannot say. */
function requestOut(golden: Golden): Outcome {
  const request = checked(MessagesRequest, golden.input)
  const { upstream, profile, hints } = golden.headers
  const chosen = chooseProfile({
    baseUrl: typeof upstream === 'string' ? upstream : '',
    model: request.model,
    overrides: isRecord(profile) ? profile : {},
  })
  if (upstream === undefined && profile === undefined) expect(chosen).toEqual(NEUTRAL_PROFILE)
  return chatRequestOut({ request, hints: isRecord(hints) ? hints : {}, notes: [] }, chosen)
}

/** A Chat client's request as it reaches Claude. */
function requestIn(golden: Golden): Outcome {
  const turn = chatRequestIn(checked(ChatRequest, golden.input))
  const out = messagesRequestOut(turn)
  const value = out.betas.length === 0 ? out.value : { body: out.value, betas: out.betas }
  return { value, notes: [...turn.notes, ...out.notes] }
}

/** The options of a Chat upstream's reply; `tools` are the client's tool names, `details` says that they go back. */
export function chatInOptions(golden: Golden): ChatInOptions {
  const { tools, stop, details } = golden.headers
  const request = {
    model: 'm',
    messages: [],
    tools: Array.isArray(tools) ? tools.map((name) => ({ name: String(name) })) : [],
  }
  return {
    world: stillWorld(),
    model: 'claude-x',
    names: toolNames(request, 64),
    ...(Array.isArray(stop) ? { stopSequences: stop.map(String) } : {}),
    keepsDetails: details === true,
  }
}

function replyIn(golden: Golden): Outcome {
  const body: unknown = JSON.parse(golden.input)
  if (!isRecord(body)) throw new Error('not an object')
  return chatReplyIn(body, chatInOptions(golden))
}

/** `fail` breaks the upstream after the input instead of closing it. */
function streamIn(golden: Golden): Outcome {
  const machine = createChatStreamIn(chatInOptions(golden))
  const { fail } = golden.headers
  if (!isRecord(fail)) {
    const events = runStream(machine, [new TextEncoder().encode(golden.input)])
    return { value: eventLines(events), notes: [] }
  }
  const events = framesOf(golden.input).flatMap((frame) => machine.push(frame))
  if (fail.kind !== 'overloaded') throw new Error('only overloaded is used')
  events.push(...machine.fail(new ProxyError(fail.kind, String(fail.message))))
  return { value: eventLines([...events, ...machine.end()]), notes: [] }
}

export function chatOutOptions(golden: Golden): ChatOutOptions {
  return {
    world: stillWorld(),
    model: 'gpt-x',
    includeUsage: golden.headers.include_usage === true,
    legacyFunctions: golden.headers.legacy === true,
  }
}

/** Checks that the stream of the same message folds to the same reply. */
function replyOut(golden: Golden): Outcome {
  const message = checked(Message, golden.input)
  const reply = chatReplyOut(message, chatOutOptions(golden))
  const machine = createChatStreamOut({ ...chatOutOptions(golden), includeUsage: true })
  const text = disassemble(message)
    .map((event) => machine.push(event))
    .join('')
  expect(foldChunks(text)).toEqual(
    JSON.parse(JSON.stringify({ choices: reply.choices, usage: reply.usage })),
  )
  return { value: JSON.parse(JSON.stringify(reply)), notes: [] }
}

/** Anthropic's SSE in; the chunks' deltas out, one a line. The folded stream must equal the JSON reply. */
function streamOut(golden: Golden): Outcome {
  const reader = createMessagesStreamIn()
  const events = runStream(reader, [new TextEncoder().encode(golden.input)])
  const machine = createChatStreamOut(chatOutOptions(golden))
  const text = events.map((event) => machine.push(event)).join('') + machine.end()
  if (events.at(-1)?.type === 'message_stop') {
    const reply = chatReplyOut(assemble(events).value, chatOutOptions(golden))
    const { choices } = foldChunks(text)
    expect(choices).toEqual(JSON.parse(JSON.stringify(reply.choices)))
  }
  return { value: chunkLines(text), notes: [] }
}

const ENVELOPE = {
  id: 'chatcmpl-id1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-x',
}

/** Chat SSE with the constant parts checked and left out. */
function chunkLines(text: string): string {
  return framesOf(text)
    .map(({ data }) => {
      if (data === '[DONE]') return data
      const value: Record<string, unknown> = JSON.parse(data)
      const { id, object, created, model, choices, usage, error } = value
      if (error !== undefined) return `error ${JSON.stringify(error)}`
      expect({ id, object, created, model }).toEqual(ENVELOPE)
      const choice = recordsIn(choices)[0]
      if (choice === undefined) return `usage ${JSON.stringify(usage)}`
      const { delta, finish_reason } = choice
      expect(choice).toEqual({ index: 0, delta, logprobs: null, finish_reason })
      return `${JSON.stringify(delta)}${finish_reason === null ? '' : ` ${finish_reason}`}`
    })
    .join('\n')
}

/** The fold of Chat chunks that a client's SDK would make. */
function foldChunks(text: string): { choices: unknown[]; usage: unknown } {
  const message: Record<string, unknown> = { role: 'assistant', content: null, refusal: null }
  const calls: Record<string, unknown>[] = []
  let usage: unknown
  let finish: unknown = null
  for (const { data } of framesOf(text)) {
    if (data === '[DONE]') continue
    const chunk: Record<string, unknown> = JSON.parse(data)
    usage = chunk.usage ?? usage
    const choice = recordsIn(chunk.choices)[0]
    if (choice === undefined || !isRecord(choice.delta)) continue
    finish = choice.finish_reason ?? finish
    const { content, refusal, reasoning_content, reasoning_details, tool_calls, function_call } =
      choice.delta
    grow(message, 'content', content === '' ? undefined : content)
    grow(message, 'refusal', refusal)
    grow(message, 'reasoning_content', reasoning_content)
    if (Array.isArray(reasoning_details)) {
      const before = Array.isArray(message.reasoning_details) ? message.reasoning_details : []
      message.reasoning_details = [...before, ...reasoning_details]
    }
    for (const call of recordsIn(tool_calls)) foldCall(calls, call)
    if (isRecord(function_call)) {
      const before = isRecord(message.function_call)
        ? message.function_call
        : { name: '', arguments: '' }
      message.function_call = before
      if (typeof function_call.name === 'string') before.name = function_call.name
      grow(before, 'arguments', function_call.arguments)
    }
  }
  if (calls.length > 0) message.tool_calls = calls
  return { choices: [{ index: 0, message, logprobs: null, finish_reason: finish }], usage }
}

function foldCall(calls: Record<string, unknown>[], delta: Record<string, unknown>): void {
  const index = Number(delta.index)
  const inner = isRecord(delta.function) ? delta.function : {}
  const call = calls[index]
  if (call === undefined) {
    expect(index).toBe(calls.length)
    calls.push({ id: delta.id, type: delta.type, function: { ...inner } })
  } else if (isRecord(call.function)) grow(call.function, 'arguments', inner.arguments)
}

function grow(target: Record<string, unknown>, key: string, text: unknown): void {
  if (typeof text !== 'string') return
  target[key] = typeof target[key] === 'string' ? target[key] + text : text
}
