import type { Dice } from './random.ts'

/** One message of the Agent SDK, as Claude Code 2.1.329 writes it. */
export type SdkMessage = Record<string, unknown>

/** A stream event of the main conversation. */
export function event(body: object, more: object = {}): SdkMessage {
  return { type: 'stream_event', event: body, parent_tool_use_id: null, ...more }
}

/** The result of a tool, as Claude Code says it to the model. */
export function toolResult(id: string, content: unknown, isError = false): SdkMessage {
  const block = { tool_use_id: id, type: 'tool_result', content }
  const told = isError ? { ...block, is_error: true } : block
  return {
    type: 'user',
    message: { role: 'user', content: [told] },
    parent_tool_use_id: null,
  }
}

/** A block of an upstream answer: its start, and its deltas. */
export interface ScriptedBlock {
  readonly start: Record<string, unknown> & { readonly type: string }
  readonly deltas: readonly object[]
}

/** A text in pieces. */
export function text(...pieces: string[]): ScriptedBlock {
  const deltas = pieces.map((piece) => ({ type: 'text_delta', text: piece }))
  return { start: { type: 'text', text: '' }, deltas }
}

/** A thought with its signature. */
export function thinking(thought: string, signature: string): ScriptedBlock {
  const deltas = [
    { type: 'thinking_delta', thinking: thought },
    { type: 'signature_delta', signature },
  ]
  return { start: { type: 'thinking', thinking: '', signature: '' }, deltas }
}

/** A call of a tool. */
export function call(id: string, name: string, input: object): ScriptedBlock {
  const json = JSON.stringify(input)
  const deltas = ['', json.slice(0, 3), json.slice(3)].map((partial_json) => ({
    type: 'input_json_delta',
    partial_json,
  }))
  return { start: { type: 'tool_use', id, name, input: {} }, deltas }
}

/** The counts with which each scripted answer starts and ends. */
export const START_USAGE = { input_tokens: 10, cache_read_input_tokens: 3, output_tokens: 1 }
const END_USAGE = { ...START_USAGE, output_tokens: 7 }

/** One upstream answer as the SDK tells it: a whole assistant message comes before the end of each block. */
export function answer(
  blocks: readonly ScriptedBlock[],
  stop: string | object = 'end_turn',
  id = 'msg_1',
): SdkMessage[] {
  const message = { id, type: 'message', role: 'assistant', model: 'claude-x', content: [] }
  const delta = typeof stop === 'string' ? { stop_reason: stop, stop_sequence: null } : stop
  return [
    { type: 'system', subtype: 'status', status: 'requesting' },
    event({
      type: 'message_start',
      message: { ...message, stop_reason: null, stop_sequence: null, usage: START_USAGE },
    }),
    ...blocks.flatMap(({ start, deltas }, index) => [
      event({ type: 'content_block_start', index, content_block: start }),
      ...deltas.map((each) => event({ type: 'content_block_delta', index, delta: each })),
      { type: 'assistant', message: { ...message, content: [start] }, parent_tool_use_id: null },
      event({ type: 'content_block_stop', index }),
    ]),
    event({ type: 'message_delta', delta, usage: END_USAGE }),
    event({ type: 'message_stop' }),
  ]
}

/** The end of a turn that went well. */
export function result(more: object = {}): SdkMessage {
  return {
    ...{ type: 'result', subtype: 'success', is_error: false, result: 'Said', num_turns: 1 },
    ...{ total_cost_usd: 0.5, usage: END_USAGE, ...more },
  }
}

/** What a subagent says: only whole messages, under the call that started it. */
export function subagent(said: string): SdkMessage {
  const message = { role: 'assistant', content: [{ type: 'text', text: said }] }
  return { type: 'assistant', message, parent_tool_use_id: 'toolu_agent' }
}

/** A turn of random length and content; results of own tools come while the model still speaks, or later. */
export function randomTurn(rolls: Dice): SdkMessage[] {
  const messages: SdkMessage[] = []
  let waiting: SdkMessage[] = []
  const turns = 1 + rolls.roll(4)
  for (let turn = 0; turn < turns; turn += 1) {
    const blocks = Array.from({ length: rolls.roll(5) }, (_, at) =>
      randomBlock(rolls, `toolu_${turn}_${at}`),
    )
    const stop = rolls.pick(['end_turn', 'tool_use', 'max_tokens', 'refusal', 'stop_sequence'])
    for (const message of answer(blocks, turn < turns - 1 ? 'tool_use' : stop, `msg_${turn}`)) {
      messages.push(message)
      const own = ownCallOf(message)
      if (own !== undefined) waiting.push(toolResult(own, `of ${own}`, rolls.roll(3) === 0))
      if (rolls.roll(4) === 0) messages.push(...waiting.splice(0))
      if (rolls.roll(8) === 0) messages.push(subagent('aside'))
    }
    if (rolls.roll(4) > 0) {
      messages.push(...waiting)
      waiting = []
    }
  }
  return [...messages, result()]
}

function randomBlock(rolls: Dice, id: string): ScriptedBlock {
  switch (rolls.roll(5)) {
    case 0:
      return text(...rolls.pieces('A few words of text'))
    case 1:
      return thinking('Let me think', 'signed')
    case 2:
      return call(id, rolls.pick(['Bash', 'Read']), { command: 'ls', deep: [1, { a: 2 }] })
    case 3:
      return { start: { type: 'redacted_thinking', data: 'c2VjcmV0' }, deltas: [] }
    default:
      return call(id, rolls.roll(4) === 0 ? 'get_weather' : 'Grep', { city: 'Köln' })
  }
}

/** The id of a finished call of one of Claude Code's own tools, which can have its result from here on. */
function ownCallOf(message: SdkMessage): string | undefined {
  const { content } = (message.message ?? {}) as {
    content?: { type: string; id?: string; name?: string }[]
  }
  const block = message.type === 'assistant' ? content?.[0] : undefined
  return block?.type === 'tool_use' && block.name !== 'get_weather' ? block.id : undefined
}
