import { clausesOf, findCommand, quotedOf } from './prompt.ts'
import { sampleOfSchema } from './schema-sample.ts'
import { cutTokens } from './tokens.ts'
import type { DemoTurn, ToolOutcome } from './turn.ts'

/** What the demo says of itself when asked for help; the same list as on `createDemoUpstream`. */
const HELP = `I am the demo model of ccproxy. I run inside the proxy, need no account and answer by rule:

- \`say hello\`: answers exactly that
- \`long 2000\`: about that many tokens of text
- \`slow 5s\`, \`slow start 5s\`, \`silence 20s\`: spreads the answer, starts late, pauses after the first words
- \`error 429\` (also 400 401 402 403 404 409 413 500 503 504 529; \`error 429 3s\` sets retry-after)
- \`error mid-stream\`, \`cut mid-stream\`: a stream that fails or breaks off half way
- \`refuse\`: a refusal; \`redacted\`: a redacted thinking block, where thinking is on
- run \`echo hello\`: calls a shell tool, if you gave one; run \`a\` and \`b\`, then \`c\` works too
- the name of a tool you gave: calls it with an input that satisfies its schema; several names, or
  \`parallel 3\`, give parallel calls; JSON or "quoted" text in the prompt goes into the input

Commands combine: \`slow 3s, long 200\`.`

const FILLER =
  'The quick brown fox jumps over the lazy dog while the proxy passes every byte along in order. '
const SAY =
  /^(?:please )?(?:say|echo|repeat(?: after me)?|(?:reply|answer|respond)(?: with)?)(?: exactly| only| just| the words?)*:? +(.+)$/is

/** The text that answers a turn, when no tool is to be called. */
export function answerText(turn: DemoTurn): string {
  if (turn.schema !== undefined) return structuredText(turn, turn.schema)
  if (turn.outcomes.length > 0) return outcomesText(turn.outcomes)
  const { prompt } = turn
  if (/^(?:help|\/help|what can you do)\??$/i.test(prompt)) return HELP
  const long = findCommand(prompt, /^long (\d+)$/i)
  if (long !== undefined) return longText(Number(long[1]))
  const said = prompt.match(SAY)?.[1]
  if (said !== undefined) return unquoted(said)
  if (findCommand(prompt, /^redacted$/i) !== undefined) {
    return turn.thinking === 'off'
      ? 'Thinking is off in this request, so there is nothing to redact.'
      : 'My thinking for this answer is redacted.'
  }
  return reflect(turn)
}

function reflect({ prompt, attachments, model }: DemoTurn): string {
  const self = `I am ccproxy's demo model, standing in for ${model.name}: I answer by rule and need no account.`
  const seen =
    attachments === 0 ? '' : ` (with ${attachments} attachment${attachments > 1 ? 's' : ''})`
  if (prompt === '') return `You sent no text${seen}. ${self} Send "help" to see what I can do.`
  const flat = prompt.replaceAll(/\s+/g, ' ')
  const shown = flat.length > 200 ? `${flat.slice(0, 199).trimEnd()}…` : flat
  return `You said${seen}: "${shown}". ${self} Send "help" to see what I can do.`
}

function outcomesText(outcomes: readonly ToolOutcome[]): string {
  return outcomes
    .map(({ name, text, failed }) => {
      const verb = failed ? 'failed' : 'answered'
      return text.trim() === ''
        ? `${name} ${verb} without output.`
        : `${name} ${verb}: ${text.trimEnd()}`
    })
    .join('\n')
}

function longText(tokens: number): string {
  // No model writes more than 128k; a few words too many are cut off again.
  const count = Math.min(tokens, 200_000)
  return cutTokens(FILLER.repeat(Math.ceil(count / 16)), count).text
}

function unquoted(text: string): string {
  return text.trim().replace(/^(["'`])([\s\S]*)\1[.!]?$/, '$2')
}

function structuredText(turn: DemoTurn, schema: Record<string, unknown>): string {
  const quoted = quotedOf(turn.prompt)
  const first = clausesOf(turn.prompt)[0] ?? 'Demo'
  const fallback = turn.outcomes.map((outcome) => outcome.text).join('\n') || first.slice(0, 80)
  const value =
    Object.keys(schema).length === 0
      ? { answer: fallback }
      : sampleOfSchema(schema, { known: {}, wanted: [], text: () => quoted.shift() ?? fallback })
  return JSON.stringify(value)
}
