import { ProxyError } from '../../kit/error.ts'
import type { Block, RequestMessage } from '../messages/schema.ts'

type Turn =
  | { readonly role: 'user'; readonly results: Block[]; readonly blocks: Block[] }
  | { readonly role: 'assistant'; readonly calls: Block[]; readonly blocks: Block[] }

/**
 * Lays items out as turns that Anthropic accepts: roles alternate, a tool result stands first in the turn right
 * after its call (results are pulled forward), and calls stand last in their turn.
 */
export class TurnList {
  readonly #turns: Turn[] = []
  readonly #results: ReadonlyMap<string, Block>

  /** `results` are the tool_result blocks of the whole conversation by call id. */
  constructor(results: ReadonlyMap<string, Block>) {
    this.#results = results
  }

  /** Adds blocks to the user's turn; none opens no turn. */
  user(blocks: readonly Block[]): void {
    if (blocks.length > 0) this.#userTurn().blocks.push(...blocks)
  }

  /** Adds text or thinking to the assistant's turn; none opens no turn. */
  assistant(blocks: readonly Block[]): void {
    if (blocks.length > 0) this.#assistantTurn().blocks.push(...blocks)
  }

  /** Adds a call to the assistant's turn. */
  call(block: Block): void {
    this.#assistantTurn().calls.push(block)
  }

  /** An output was met: the turn of its call is over. */
  output(): void {
    const last = this.#turns.at(-1)
    if (last?.role === 'assistant' && last.calls.length > 0) this.#userTurn()
  }

  /** The messages; a call that nobody answered is the client's error, as OpenAI treats it. */
  messages(): RequestMessage[] {
    this.output()
    return this.#turns.map((turn) => ({
      role: turn.role,
      content:
        turn.role === 'user' ? [...turn.results, ...turn.blocks] : [...turn.blocks, ...turn.calls],
    }))
  }

  #assistantTurn(): Extract<Turn, { role: 'assistant' }> {
    const last = this.#turns.at(-1)
    if (last?.role === 'assistant') return last
    const turn = { role: 'assistant', calls: [], blocks: [] } as const satisfies Turn
    this.#turns.push(turn)
    return turn
  }

  #userTurn(): Extract<Turn, { role: 'user' }> {
    const last = this.#turns.at(-1)
    if (last?.role === 'user') return last
    const results = last === undefined ? [] : last.calls.map((call) => this.#resultOf(call))
    const turn: Turn = { role: 'user', results, blocks: [] }
    this.#turns.push(turn)
    return turn
  }

  #resultOf(call: Block): Block {
    const result = this.#results.get(call.id ?? '')
    if (result !== undefined) return result
    throw new ProxyError('invalid_request', `No tool output found for function call ${call.id}`, {
      field: 'input',
    })
  }
}
