import { expect, test } from 'bun:test'
import { chatReplyIn } from '../../src/protocol/chat/reply-in.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import { assemble } from '../../src/protocol/messages/assemble.ts'
import type { Message } from '../../src/protocol/protocol.ts'
import { breaches, runStream, stillWorld } from '../support/golden.ts'
import { type Dice, dice } from '../support/random.ts'

// The same completion, as vendors stream it: with or without index and id, all at index 0, whole or in pieces, names
// again and again, calls by turns, nothings beside the words, counts anywhere. Each is the message of its JSON form.

const WORDS = ['Hi', ' there', 'é世', '"q"', '\\', '\n', '😀'] as const
const ARGUMENTS = ['{"a":1}', '{"b":"x}\\""}', '{"c":{"d":[1,2]}}', '{}'] as const
const NOTHINGS = [{}, {}, { role: 'assistant' }, { content: null }, { tool_calls: [] }] as const
const USAGE = { prompt_tokens: 5, completion_tokens: 3 }

interface Completion {
  readonly field: string
  readonly reasoning: string
  readonly text: string
  readonly finish: string
  readonly calls: readonly { id: string; name: string; args: string }[]
}

function completion({ roll, pick }: Dice): Completion {
  const words = () => Array.from({ length: roll(5) }, () => pick(WORDS)).join('')
  const calls = Array.from({ length: roll(4) }, (_, index) => ({
    ...{ id: `call_${index}`, name: pick(['f', 'g']), args: pick(ARGUMENTS) },
  }))
  const field = pick(['reasoning_content', 'reasoning'])
  const finish = calls.length > 0 ? pick(['tool_calls', 'stop']) : 'stop'
  return { field, reasoning: words(), text: words(), finish, calls }
}

function whole({ field, reasoning, text, calls, finish }: Completion): Record<string, unknown> {
  const tool_calls = calls.map(({ id, name, args }) => ({
    id,
    function: { name, arguments: args },
  }))
  const message = { role: 'assistant', content: text, [field]: reasoning, tool_calls }
  return { choices: [{ index: 0, message, finish_reason: finish }], usage: USAGE }
}

/** How a vendor tells calls: `turns` only where an index keeps them apart. */
const STYLES = [
  { index: 'own', ids: 'first', cut: true, turns: true },
  { index: 'own', ids: 'none', cut: true, turns: true },
  { index: 'own', ids: 'each', cut: true, turns: false },
  { index: 'zero', ids: 'first', cut: false, turns: false },
  { index: 'zero', ids: 'none', cut: false, turns: false },
  { index: 'none', ids: 'first', cut: true, turns: false },
  { index: 'none', ids: 'none', cut: false, turns: false },
] as const
type Style = (typeof STYLES)[number]

function callDeltas({ calls }: Completion, style: Style, { roll, pieces }: Dice): object[] {
  const again = roll(2) === 0 && style.ids !== 'none'
  const lists = calls.map(({ id, name, args }, at) =>
    (style.cut ? ['', ...pieces(args)] : [args]).map((piece, part) => ({
      ...(style.index === 'none' ? {} : { index: style.index === 'own' ? at : 0 }),
      ...(style.ids === 'each' || (style.ids === 'first' && part === 0) ? { id } : {}),
      function: { ...(part === 0 || again ? { name } : {}), arguments: piece },
    })),
  )
  const heads = style.turns ? lists.map((list) => list.shift()) : []
  const rest = style.turns ? byTurns(lists) : lists.flat()
  return [...heads, ...rest].map((call) => ({ tool_calls: [call] }))
}

function byTurns<Item>(lists: readonly (readonly Item[])[]): Item[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, at) =>
    lists.flatMap((list) => list.slice(at, at + 1)),
  ).flat()
}

function chunks(said: Completion, style: Style, random: Dice): object[] {
  const { roll, pick, pieces } = random
  const counts = pick(['each', 'finish', 'behind'])
  const deltas = [
    { role: 'assistant', content: pick(['', null]) },
    ...pieces(said.reasoning).map((piece) => ({ [said.field]: piece })),
    ...pieces(said.text).map((content) => ({ content })),
    ...callDeltas(said, style, random),
  ]
  const stream: object[] = deltas.map((delta) => ({
    choices: [{ index: 0, delta: { ...pick(NOTHINGS), ...delta }, finish_reason: null }],
    ...(counts === 'each' ? { usage: { prompt_tokens: 5, completion_tokens: roll(3) } } : {}),
  }))
  const last = { choices: [{ index: 0, delta: {}, finish_reason: said.finish }] }
  if (counts !== 'behind') return [...stream, { ...last, usage: USAGE }]
  return [...stream, last, { choices: [], usage: USAGE }]
}

/** A message without what the reader made up. */
function told({ content, stop_reason, usage }: Message, style: Style): object {
  const blocks = content.map(({ id, ...block }) =>
    style.ids === 'none' ? block : { id, ...block },
  )
  return { blocks, stop_reason, usage }
}

for (const style of STYLES) {
  test(`a stream is the message of its JSON form: ${JSON.stringify(style)}`, () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = dice(seed)
      const said = completion(random)
      const sse = chunks(said, style, random).map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)
      const done = random.roll(3) === 0 ? '' : 'data: [DONE]\n\n'
      const bytes = new TextEncoder().encode(sse.join('') + done)
      const options = { world: stillWorld(), model: 'm' }
      const events = runStream(createChatStreamIn(options), [bytes])
      expect({ seed, breaches: breaches(events) }).toEqual({ seed, breaches: [] })
      const json = chatReplyIn(whole(said), { ...options, world: stillWorld() }).value
      expect({ seed, ...told(assemble(events).value, style) }).toEqual({
        seed,
        ...told(json, style),
      })
    }
  })
}
