import type { CompletionOptions, OpenaiPart } from './fake-openai-reply.ts'
import { asJson, type Json, type ReplyContext } from './fake-reply.ts'

const CREATED = 1795000000

/** The chunks of a scripted completion, in the order the real API sends them. @see wire.md 2.2 */
export function chatChunks(
  parts: readonly OpenaiPart[],
  options: CompletionOptions,
  context: ReplyContext,
  body: Json,
): Json[] {
  const start = {
    ...{ id: context.id('chatcmpl-'), object: 'chat.completion.chunk', created: CREATED },
    ...{ model: body.model, service_tier: 'default', system_fingerprint: 'fp_fake' },
  }
  const asked = asJson(body.stream_options).include_usage === true
  const where = options.usage ?? (asked ? 'last' : 'none')
  const usage = usageOf(options)
  const make = (delta: Json, finish: string | null): Json => ({
    ...start,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(where === 'every' || (where === 'finish' && finish !== null) ? { usage } : {}),
    ...(where === 'last' ? { usage: null } : {}),
  })
  const deltas = [
    { role: 'assistant', content: '', refusal: null },
    ...contentDeltas(parts, options, context),
  ]
  const chunks = deltas.map((delta) => make(delta, null))
  chunks.push(make({}, options.finish ?? finishOf(parts)))
  return where === 'last' ? [...chunks, { ...start, choices: [], usage }] : chunks
}

/** The same completion as one JSON body. */
export function chatCompletion(
  parts: readonly OpenaiPart[],
  options: CompletionOptions,
  context: ReplyContext,
  body: Json,
): Json {
  const message: Json = { role: 'assistant', content: null, refusal: null, annotations: [] }
  const calls: Json[] = []
  for (const part of parts) {
    if ('text' in part) message.content = `${message.content ?? ''}${part.text}`
    if ('refusal' in part) message.refusal = part.refusal
    if ('reasoning' in part) {
      const field = options.reasoningField ?? 'reasoning_content'
      message[field] = `${message[field] ?? ''}${part.reasoning}`
    }
    if ('tool' in part || 'custom' in part) calls.push(callOf(part, context))
  }
  if (calls.length > 0) message.tool_calls = calls
  const finish = options.finish ?? finishOf(parts)
  return {
    ...{ id: context.id('chatcmpl-'), object: 'chat.completion', created: CREATED },
    ...{ model: body.model, service_tier: 'default', system_fingerprint: 'fp_fake' },
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    ...(options.usage === 'none' ? {} : { usage: usageOf(options) }),
  }
}

function usageOf(options: CompletionOptions): Json {
  const { input = 100, cached = 30, output = 50, reasoning = 0 } = options.numbers ?? {}
  return {
    ...{ prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  }
}

function finishOf(parts: readonly OpenaiPart[]): string {
  return parts.some((part) => 'tool' in part || 'custom' in part) ? 'tool_calls' : 'stop'
}

type Call = Extract<OpenaiPart, { tool: string }> | Extract<OpenaiPart, { custom: string }>

/** The text of a call's arguments, as it goes over the wire. */
export function argumentsOf(part: Extract<OpenaiPart, { tool: string }>): string {
  return part.arguments ?? JSON.stringify(part.input ?? {})
}

function callOf(part: Call, context: ReplyContext): Json {
  const id = part.id ?? context.id('call_')
  if ('custom' in part) {
    return { id, type: 'custom', custom: { name: part.custom, input: part.input } }
  }
  return { id, type: 'function', function: { name: part.tool, arguments: argumentsOf(part) } }
}

function contentDeltas(
  parts: readonly OpenaiPart[],
  options: CompletionOptions,
  context: ReplyContext,
): Json[] {
  const deltas: Json[] = []
  const calls: Json[][] = []
  for (const part of parts) {
    if ('text' in part) {
      deltas.push(...pieces(part.text, part.pieces ?? 2).map((content) => ({ content })))
    } else if ('refusal' in part) {
      deltas.push(...pieces(part.refusal, 2).map((refusal) => ({ refusal })))
    } else if ('reasoning' in part) {
      const field = options.reasoningField ?? 'reasoning_content'
      deltas.push(...pieces(part.reasoning, 2).map((piece) => ({ [field]: piece })))
    } else {
      calls.push(callDeltas(part, calls.length, context))
    }
  }
  return [...deltas, ...(options.interleave === true ? takeTurns(calls) : calls.flat())]
}

function callDeltas(part: Call, index: number, context: ReplyContext): Json[] {
  const call = callOf(part, context)
  const key = 'custom' in part ? 'input' : 'arguments'
  const type = 'custom' in part ? 'custom' : 'function'
  const inner = asJson(call[type])
  const start = { index, ...call, [type]: { ...inner, [key]: '' } }
  const rest = pieces(String(inner[key]), 3).map((piece) => ({ index, [type]: { [key]: piece } }))
  return [start, ...rest].map((entry) => ({ tool_calls: [entry] }))
}

/** The pieces of several calls in turn: first of each, second of each, … */
export function takeTurns<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(0, ...lists.map((list) => list.length))
  const rounds = Array.from({ length: longest }, (_, round) =>
    lists.flatMap((list) => list.slice(round, round + 1)),
  )
  return rounds.flat()
}

/** Cuts a text into pieces, between characters. */
export function pieces(content: string, count: number): string[] {
  const characters = [...content]
  const size = Math.max(1, Math.ceil(characters.length / count))
  const parts: string[] = []
  for (let at = 0; at < characters.length; at += size)
    parts.push(characters.slice(at, at + size).join(''))
  return parts
}
