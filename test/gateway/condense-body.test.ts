import { expect, spyOn, test } from 'bun:test'
import { condenseBody } from '../../src/gateway/condense-body.ts'
import { readEnvelope } from '../../src/gateway/envelope.ts'
import { type TranslationJob, translate } from '../../src/gateway/translate.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { isRecord, parseJson } from '../../src/kit/json.ts'
import type { Codec } from '../../src/protocol/codec.ts'
import { CODECS } from '../../src/protocol/index.ts'
import type { Message } from '../../src/protocol/protocol.ts'
import { goldens, stillWorld } from '../support/golden.ts'
import { type Dice, dice } from '../support/random.ts'

/** What no golden request has: a file that a tool is to write, a chat that names no user. */
const OWN_REQUESTS = [
  {
    id: 'write',
    client: CODECS.messages,
    body: {
      model: 'm',
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'Write it' },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'toolu_1', name: 'Write', input: { content: 'x', to: ['y'] } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'written' }],
        },
      ],
    },
  },
  {
    id: 'nobody',
    client: CODECS.chat,
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief' },
        { role: 'user', content: 'Hi' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind' }] },
      ],
    },
  },
]

/** Every golden request, by the protocol of the client that would send it. */
const REQUESTS = [
  ...requests('chat.request-in', CODECS.chat),
  ...requests('responses.request-in', CODECS.responses),
  ...requests('chat.request-out', CODECS.messages),
  ...requests('responses.request-out', CODECS.messages),
  ...OWN_REQUESTS,
]

function requests(kind: string, client: Codec) {
  return goldens(kind).map(({ id, input }) => ({ id, client, body: parseJson(input) }))
}

const ALL = Object.values(CODECS)
/** What holds texts and files, and what must not be taken for one. */
const LENGTHENED: ReadonlySet<string> = new Set(
  'text content output data url image_url file_data input arguments'.split(' '),
)
const SEEDS = 4

test('A large request is translated alike, whether its long texts stay behind or not', () => {
  let condensed = 0
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    for (const [index, { id, client, body }] of REQUESTS.entries()) {
      const rolls = dice(seed * 1000 + index)
      const bytes = Buffer.from(spelled(inflated(body, rolls), rolls))
      for (const upstream of ALL) {
        if (upstream === client) continue
        const taken = condenseBody(bytes, readEnvelope(bytes))
        const restored = taken && spyOn(taken, 'restore')
        const about = { id, seed, to: upstream.name }
        const quick = outcome({ client, upstream, body: bytes, condensed: taken })
        const plain = outcome({ client, upstream, body: bytes, condensed: undefined })
        expect({ ...about, ...quick }).toEqual({ ...about, ...plain })
        if (restored?.mock.results.some(({ value }) => value !== undefined)) condensed += 1
      }
    }
  }
  expect(condensed).toBeGreaterThan(300)
})

const REPLY: Message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
}

/** All that a translation gives: the body's meaning, its notes, and the reply that it makes possible. */
function outcome(job: Pick<TranslationJob, 'client' | 'upstream' | 'body' | 'condensed'>) {
  const model = 'claude-sonnet-4-5'
  const rest = {
    asked: 'm',
    model,
    profile: undefined,
    defaultMaxTokens: undefined,
    requestId: 'r',
    told: { note: () => undefined },
  }
  try {
    const { body, notes, betas, client, write, read } = translate({ ...job, ...rest })
    return {
      value: meaning(parseJson(Buffer.from(body).toString())),
      notes,
      betas,
      stops: read.stopSequences,
      reply: client.replyOut(REPLY, { ...write, world: stillWorld() }),
    }
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    return { error: `${error.status} ${error.field}: ${error.message}` }
  }
}

/** JSON within a text is told apart by what it says, not by how it is spelled. */
function meaning(value: unknown): unknown {
  if (typeof value === 'string') {
    const inner = value.startsWith('{') ? parseJson(value) : undefined
    return inner === undefined ? value : { json: meaning(inner) }
  }
  if (Array.isArray(value)) return value.map(meaning)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, meaning(inner)]))
}

const PIECES = [
  'word ',
  'a line\n',
  '\ttab "quoted" \\d+ C:\\\\Users\\name ',
  'ünïcödé ✓ 漢字 😀 ',
  '{"json":"in text","n":[1,2]}',
  '\u00a0\u2003\ufeff',
  '    \n\n\r\n',
  '\ud800 lone \udc00',
  '</script> & \u2028 \u007f \u0000 \u001b[31m',
  '"accproxy.12\\"',
  'iVBORw0KGgoAAAANSUhEUgAA+/==',
] as const

/** The same request with long texts wherever it has text; now and then a short one or a blank one stays. */
function inflated(value: unknown, rolls: Dice, key = ''): unknown {
  if (typeof value === 'string') {
    return LENGTHENED.has(key) && rolls.roll(8) !== 0 ? longer(value, rolls) : value
  }
  if (Array.isArray(value)) return value.map((inner) => inflated(inner, rolls, key))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, inflated(inner, rolls, name)]),
  )
}

function longer(value: string, rolls: Dice): string {
  const size = rolls.pick([700, 5000, 40_000])
  const only = rolls.roll(3) === 0 ? rolls.pick(PIECES) : undefined
  const parts: string[] = []
  for (let length = 0; length < size; ) {
    const piece = only ?? rolls.pick(PIECES)
    parts.push(piece)
    length += piece.length
  }
  const text = parts.join('')
  const isData = value.startsWith('data:')
  return rolls.pick([value + text, isData ? value + text : text + value, isData ? value : text])
}

/** JSON as other programs spell it: spaces, escapes that need not be. */
function spelled(value: unknown, rolls: Dice): string {
  const compact = JSON.stringify(value)
  const spaced = () => JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ')
  const ascii = () =>
    compact.replaceAll(
      /[\u007f-\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  return rolls.pick([() => compact, spaced, ascii, () => compact.replaceAll('/', '\\/')])()
}
