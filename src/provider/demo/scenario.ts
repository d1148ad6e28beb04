import { answerText } from './answer.ts'
import { FAILURE_STATUSES, failure } from './failure.ts'
import { durationOf, findCommand } from './prompt.ts'
import { countDeltas, type Mishap, type Piece, type Script, type Stop } from './script.ts'
import { signThinking } from './signature.ts'
import { countTokens, cutTokens } from './tokens.ts'
import { planCalls } from './tool-plan.ts'
import type { DemoTurn } from './turn.ts'
import type { DemoWorld } from './world.ts'

// Fast, and still a stream: each delta leaves in a chunk of its own.
const PACE_MS = 2

/** Decides the answer to a turn; throws the `ProxyError` that the prompt asks for. */
export function decide(turn: DemoTurn, world: DemoWorld): Script {
  failIfAsked(turn.prompt)
  const thinking = thinkingPieces(turn, world)
  const { pieces, stop } = refusal(turn) ?? answer(turn, world)
  const limited = limit([...thinking.pieces, ...pieces], stop, turn, thinking.tokens)
  const slow = durationOf(turn.prompt, 'slow')
  return {
    ...limited,
    startDelay: durationOf(turn.prompt, '(?:slow )?start') ?? 0,
    silence: durationOf(turn.prompt, 'silence') ?? 0,
    pace: slow === undefined ? PACE_MS : slow / Math.max(1, countDeltas(limited.pieces) - 1),
    mishap: mishapOf(turn.prompt),
  }
}

function failIfAsked(prompt: string): void {
  const match = findCommand(prompt, /^error (\d{3})(?: (\d+) ?s)?$/i)
  if (match === undefined) return
  const status = Number(match[1])
  if (!FAILURE_STATUSES.includes(status)) return
  const wait = match[2] ?? (status === 429 ? '1' : undefined)
  throw failure(status, undefined, wait === undefined ? {} : { headers: { 'retry-after': wait } })
}

function mishapOf(prompt: string): Mishap | undefined {
  const match = findCommand(
    prompt,
    /^(?:mid-?stream (error|cut)|(error|cut)(?: mid-?stream| half ?way))$/i,
  )
  if (match === undefined) return undefined
  return (match[1] ?? match[2])?.toLowerCase() === 'cut'
    ? { type: 'cut' }
    : { type: 'error', error: failure(529) }
}

interface Thinking {
  readonly pieces: readonly Piece[]
  readonly tokens: number
}

function thinkingPieces(turn: DemoTurn, world: DemoWorld): Thinking {
  if (turn.thinking === 'off') return { pieces: [], tokens: 0 }
  const thought =
    turn.outcomes.length > 0
      ? 'The tools have answered. I report what they said.'
      : `The user says: "${turn.prompt.slice(0, 120)}". I look for a rule that fits and answer by it.`
  const text = turn.thinking === 'omitted' ? '' : thought
  const pieces: Piece[] = [{ kind: 'thinking', text, signature: signThinking(world.id(), text) }]
  if (findCommand(turn.prompt, /^redacted$/i) !== undefined) {
    pieces.push({ kind: 'redacted', data: signThinking(world.id(), 'redacted') })
  }
  return { pieces, tokens: countTokens(thought) }
}

interface Answer {
  readonly pieces: readonly Piece[]
  readonly stop: Stop
}

function refusal(turn: DemoTurn): Answer | undefined {
  if (findCommand(turn.prompt, /^(?:please )?refus(?:e|al)$/i) === undefined) return undefined
  const explanation = 'The prompt asked the demo model to refuse.'
  return { pieces: [], stop: { reason: 'refusal', explanation } }
}

function answer(turn: DemoTurn, world: DemoWorld): Answer {
  const calls = planCalls(turn)
  if (calls.length === 0) {
    return { pieces: [{ kind: 'text', text: answerText(turn) }], stop: { reason: 'end_turn' } }
  }
  const names = [...new Set(calls.map((call) => call.tool.name))].join(' and ')
  const pieces: Piece[] =
    turn.demand.type === 'auto' ? [{ kind: 'text', text: `I call ${names}.` }] : []
  for (const { tool, input } of calls) {
    const custom = tool.schema === undefined
    const inputText = custom ? String(input) : JSON.stringify(input)
    pieces.push({ kind: 'tool', id: world.id(), name: tool.name, input, inputText, custom })
  }
  return { pieces, stop: { reason: 'tool_use' } }
}

/** Cuts at the first stop sequence and at max_tokens, whichever comes first, and counts. */
function limit(
  pieces: readonly Piece[],
  stop: Stop,
  turn: DemoTurn,
  thinkingTokens: number,
): Pick<Script, 'pieces' | 'stop' | 'usage'> {
  const kept: Piece[] = []
  const thinking = Math.min(thinkingTokens, turn.maxTokens)
  let left = turn.maxTokens - thinking
  let ended: Stop | undefined = turn.maxTokens <= thinking ? { reason: 'max_tokens' } : undefined
  for (const piece of pieces) {
    if (piece.kind === 'thinking' && turn.maxTokens > 0) kept.push(piece)
    if (ended !== undefined) break
    if (piece.kind === 'redacted') kept.push(piece)
    if (piece.kind === 'text') {
      const cut = limitText(piece.text, turn.stops, left)
      if (cut.text !== '') kept.push({ kind: 'text', text: cut.text })
      left -= cut.used
      ended = cut.stop
    }
    if (piece.kind === 'tool') {
      const used = countTokens(piece.inputText)
      if (used > left) ended = { reason: 'max_tokens' }
      else kept.push(piece)
      left = Math.max(0, left - used)
    }
  }
  const output = Number.isFinite(turn.maxTokens) ? turn.maxTokens - left : countAll(kept, thinking)
  const { inputTokens: input, cacheWrite, cacheRead } = turn
  const usage = { input, cacheWrite, cacheRead, output, thinking }
  return { pieces: kept, stop: ended ?? stop, usage }
}

function countAll(pieces: readonly Piece[], thinking: number): number {
  return pieces.reduce((sum, piece) => {
    if (piece.kind === 'text') return sum + countTokens(piece.text)
    return piece.kind === 'tool' ? sum + countTokens(piece.inputText) : sum
  }, thinking)
}

function limitText(
  text: string,
  stops: readonly string[],
  left: number,
): { text: string; used: number; stop: Stop | undefined } {
  const found = stops
    .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
    .filter(({ at }) => at >= 0)
    .sort((one, other) => one.at - other.at)[0]
  const { cut, ...kept } = cutTokens(found === undefined ? text : text.slice(0, found.at), left)
  if (cut) return { ...kept, stop: { reason: 'max_tokens' } }
  if (found === undefined) return { ...kept, stop: undefined }
  return { ...kept, stop: { reason: 'stop_sequence', sequence: found.sequence } }
}
