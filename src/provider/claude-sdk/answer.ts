import type { ProxyError } from '../../kit/error.ts'
import type { Secret } from '../../kit/secret.ts'
import { Assembler } from '../../protocol/messages/assemble.ts'
import { errorEvent } from '../../protocol/messages/error.ts'
import { renderEvent } from '../../protocol/messages/events.ts'
import type { StreamEvent } from '../../protocol/messages/schema.ts'
import type { Conversation } from './conversation.ts'
import type { Claim, ClaudePool } from './pool.ts'
import type { TraceForm } from './traces.ts'
import { Turn, type TurnOptions } from './turn.ts'

/** One request to Claude Code. */
export interface Asked extends Claim {
  readonly traces: TraceForm
  /** The executable, for errors that name it. */
  readonly path: string
  /** Values that errors must not tell. */
  readonly secrets: readonly Secret[]
}

/**
 * Serves a request by a conversation of the pool. The reply comes when the answer begins, so that a failure before it
 * has its status; a client that leaves ends the turn.
 * @throws ProxyError, or the signal's reason
 */
export async function answerByClaude(pool: ClaudePool, asked: Asked): Promise<Response> {
  const { plan, signal } = asked
  const acquired = await pool.acquire(asked)
  const { conversation, answers } = acquired
  const answer = plan.stream ? new Streamed() : new Collected()
  const over = () => signal.removeEventListener('abort', leave)
  const turn = new Turn(optionsOf(asked, conversation), {
    events: (events) => answer.events(events),
    done: (message, pending, clean) => {
      over()
      if (clean) conversation.rest(message, pending)
      // What Claude Code remembers of a turn that was cut is something else.
      else pool.kill(conversation)
      pool.release(asked, acquired, message)
      answer.done()
    },
    failed: (error) => {
      over()
      void pool.abandon(conversation)
      answer.failed(error)
    },
  })
  const leave = () => {
    turn.leave()
    void pool.abandon(conversation)
    answer.left(signal.reason)
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  else if (answers) conversation.answer(plan.prompt, turn.hear.bind(turn))
  else conversation.ask(plan.prompt, turn.hear.bind(turn), acquired.said)
  return answer.response()
}

function optionsOf(
  { plan, traces, path, secrets }: Asked,
  conversation: Conversation,
): TurnOptions {
  return {
    plan,
    traces,
    path,
    secrets,
    stderr: () => conversation.started.process.stderr,
    costBefore: conversation.cost,
    cost: (total) => {
      conversation.cost = total
    },
    ownCalls: conversation.ownCalls,
  }
}

/** The answer as a JSON body. */
class Collected {
  readonly #assembler = new Assembler()
  readonly #whole = Promise.withResolvers<Response>()

  events(events: readonly StreamEvent[]): void {
    for (const event of events) this.#assembler.push(event)
  }

  done(): void {
    this.#whole.resolve(Response.json(this.#assembler.end().value))
  }

  failed(error: ProxyError): void {
    this.#whole.reject(error)
  }

  left(reason: unknown): void {
    this.#whole.reject(reason)
  }

  response(): Promise<Response> {
    return this.#whole.promise
  }
}

/** The answer as a stream, whose reply waits for its first event. */
class Streamed {
  readonly #encoder = new TextEncoder()
  readonly #begun = Promise.withResolvers<void>()
  #phase: 'before start' | 'open' | 'closed' = 'before start'
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #ahead: Uint8Array[] = []

  events(events: readonly StreamEvent[]): void {
    if (this.#phase === 'closed') return
    const bytes = this.#encoder.encode(events.map((event) => renderEvent(event)).join(''))
    if (this.#controller === undefined) this.#ahead.push(bytes)
    else this.#controller.enqueue(bytes)
    this.#phase = 'open'
    this.#begun.resolve()
  }

  done(): void {
    this.#close()
  }

  failed(error: ProxyError): void {
    if (this.#phase === 'open') this.events([errorEvent(error)])
    else this.#begun.reject(error)
    this.#close()
  }

  /** Nobody reads on, or whoever ended the call says why by itself. */
  left(reason: unknown): void {
    this.#phase = 'closed'
    this.#begun.reject(reason)
    this.#controller?.error(reason)
    this.#controller = undefined
  }

  async response(): Promise<Response> {
    await this.#begun.promise
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const bytes of this.#ahead) controller.enqueue(bytes)
        if (this.#phase === 'closed') controller.close()
        else this.#controller = controller
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }

  #close(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#controller?.close()
    this.#controller = undefined
  }
}
