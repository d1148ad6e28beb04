import { argumentsOf, pieces, takeTurns } from './fake-openai-chat-reply.ts'
import type { CompletionOptions, OpenaiPart } from './fake-openai-reply.ts'
import { ENCRYPTED_PREFIX } from './fake-openai-responses-items.ts'
import type { Json, ReplyContext } from './fake-reply.ts'

interface Item {
  /** The finished item. */
  readonly done: Json
  /** The item as it is added. */
  readonly added: Json
  /** Its events between `output_item.added` and `output_item.done`. */
  readonly events: readonly Json[]
}

/** The events of a scripted response; the last holds the response whole. @see wire.md 2.6 */
export function responsesEvents(
  parts: readonly OpenaiPart[],
  options: CompletionOptions,
  context: ReplyContext,
  body: Json,
): Json[] {
  const encrypt =
    Array.isArray(body.include) && body.include.includes('reasoning.encrypted_content')
  const items = parts.map((part, index) => itemOf(part, index, context, encrypt))
  const reason = { length: 'max_output_tokens', content_filter: 'content_filter' }[
    options.finish ?? ''
  ]
  const status = reason === undefined ? 'completed' : 'incomplete'
  const start = responseOf(context.id('resp_'), body)
  const final = {
    ...{ ...start, status, output: items.map((item) => item.done), usage: usageOf(options) },
    incomplete_details: reason === undefined ? null : { reason },
  }
  const lists = items.map((item, index) => itemEvents(item, index))
  const calls = items.findIndex((item) => String(item.done.type).endsWith('_call'))
  const ordered =
    options.interleave === true && calls !== -1
      ? [...lists.slice(0, calls).flat(), ...takeTurns(lists.slice(calls))]
      : lists.flat()
  const events: Json[] = [
    { type: 'response.created', response: start },
    { type: 'response.in_progress', response: start },
    ...ordered,
    { type: `response.${status}`, response: final },
  ]
  return events.map((event, index) => ({ ...event, sequence_number: index }))
}

function responseOf(id: string, body: Json): Json {
  return {
    ...{ id, object: 'response', created_at: 1795000000, status: 'in_progress', error: null },
    ...{ incomplete_details: null, instructions: body.instructions ?? null, metadata: {} },
    ...{ model: body.model, output: [], parallel_tool_calls: body.parallel_tool_calls ?? true },
    ...{ tools: body.tools ?? [], tool_choice: body.tool_choice ?? 'auto', usage: null },
    ...{ reasoning: body.reasoning ?? {}, text: body.text ?? { format: { type: 'text' } } },
    ...{ store: body.store ?? true, temperature: 1, top_p: 1, truncation: 'disabled' },
  }
}

function usageOf(options: CompletionOptions): Json {
  const { input = 100, cached = 30, output = 50, reasoning = 0 } = options.numbers ?? {}
  return {
    ...{ input_tokens: input, input_tokens_details: { cached_tokens: cached } },
    ...{ output_tokens: output, output_tokens_details: { reasoning_tokens: reasoning } },
    total_tokens: input + output,
  }
}

function itemEvents(item: Item, index: number): Json[] {
  return [
    { type: 'response.output_item.added', output_index: index, item: item.added },
    ...item.events,
    { type: 'response.output_item.done', output_index: index, item: item.done },
  ]
}

function itemOf(part: OpenaiPart, index: number, context: ReplyContext, encrypt: boolean): Item {
  if ('reasoning' in part) return reasoningItem(part.reasoning, index, context, encrypt)
  if ('tool' in part) {
    const call = { call_id: part.id ?? context.id('call_'), name: part.tool }
    const base = { type: 'function_call', id: context.id('fc_'), ...call }
    return callItem(base, 'arguments', 'response.function_call_arguments', argumentsOf(part), index)
  }
  if ('custom' in part) {
    const call = { call_id: part.id ?? context.id('call_'), name: part.custom }
    const base = { type: 'custom_tool_call', id: context.id('ctc_'), ...call }
    return callItem(base, 'input', 'response.custom_tool_call_input', part.input, index)
  }
  return messageItem(part, index, context.id('msg_'))
}

function callItem(base: Json, key: string, event: string, value: string, index: number): Item {
  const at = { item_id: base.id, output_index: index }
  return {
    added: { ...base, status: 'in_progress', [key]: '' },
    done: { ...base, status: 'completed', [key]: value },
    events: [
      ...pieces(value, 3).map((delta) => ({ type: `${event}.delta`, ...at, delta })),
      { type: `${event}.done`, ...at, [key]: value },
    ],
  }
}

function messageItem(
  part: Extract<OpenaiPart, { text: string }> | Extract<OpenaiPart, { refusal: string }>,
  index: number,
  id: string,
): Item {
  const [type, key, event, value] =
    'text' in part
      ? (['output_text', 'text', 'response.output_text', part.text] as const)
      : (['refusal', 'refusal', 'response.refusal', part.refusal] as const)
  const extra = type === 'output_text' ? { annotations: [], logprobs: [] } : {}
  const at = { item_id: id, output_index: index, content_index: 0 }
  const base = { type: 'message', id, role: 'assistant' }
  const whole = { type, [key]: value, ...extra }
  const count = 'text' in part ? (part.pieces ?? 2) : 2
  return {
    added: { ...base, status: 'in_progress', content: [] },
    done: { ...base, status: 'completed', content: [whole] },
    events: [
      { type: 'response.content_part.added', ...at, part: { ...whole, [key]: '' } },
      ...pieces(value, count).map((delta) => ({
        type: `${event}.delta`,
        ...at,
        delta,
        logprobs: [],
      })),
      { type: `${event}.done`, ...at, [key]: value, logprobs: [] },
      { type: 'response.content_part.done', ...at, part: whole },
    ],
  }
}

function reasoningItem(text: string, index: number, context: ReplyContext, encrypt: boolean): Item {
  const id = context.id('rs_')
  const sealed = `${ENCRYPTED_PREFIX}${context.sign('reasoning')}`
  const base = { type: 'reasoning', id, ...(encrypt ? { encrypted_content: sealed } : {}) }
  if (text === '')
    return { added: { ...base, summary: [] }, done: { ...base, summary: [] }, events: [] }
  const at = { item_id: id, output_index: index, summary_index: 0 }
  const part = { type: 'summary_text', text }
  return {
    added: { ...base, summary: [] },
    done: { ...base, summary: [part] },
    events: [
      { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
      ...pieces(text, 2).map((delta) => ({
        ...{ type: 'response.reasoning_summary_text.delta', ...at, delta },
      })),
      { type: 'response.reasoning_summary_text.done', ...at, text },
      { type: 'response.reasoning_summary_part.done', ...at, part },
    ],
  }
}
