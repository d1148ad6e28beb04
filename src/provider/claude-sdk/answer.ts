import { ProxyError } from '../../kit/error.ts'
import { Assembler } from '../../protocol/messages/assemble.ts'
import { errorEvent } from '../../protocol/messages/error.ts'
import { renderEvent } from '../../protocol/messages/events.ts'
import type { StreamEvent } from '../../protocol/messages/schema.ts'
import type { HistoryMessage } from './history.ts'
import type { Plan } from './plan.ts'
import type { Acquired, ClaudePool, Session } from './pool.ts'
import type { TraceForm } from './traces.ts'
import { Turn } from './turn.ts'

/** One request to Claude Code. */
export interface Asked {
  readonly plan: Plan
  readonly session: Session | undefined
  readonly traces: TraceForm
  /** The executable, for errors that name it. */
  readonly path: string
  readonly signal: AbortSignal
}

/**
 * Serves a request by a conversation of the pool. The reply comes when the answer begins, so that a failure before it
 * has its status; a client that leaves ends the turn.
 * @throws ProxyError
 */
export async function answerByClaude(pool: ClaudePool, asked: Asked): Promise<Response> {
  const { plan, session, signal } = asked
  const acquired = await pool.acquire(plan, session)
  const { conversation } = acquired
  if (signal.aborted) {
    await pool.abandon(conversation)
    throw left()
  }
  const collected = plan.stream ? new Streamed() : new Collected()
  const turn = new Turn(
    {
      plan,
      traces: asked.traces,
      path: asked.path,
      stderr: conversation.started.stderr,
      costBefore: conversation.cost,
      cost: (total) => {
        conversation.cost = total
      },
    },
    {
      events: (events) => collected.events(events),
      done: (answer, pending, clean) => {
        signal.removeEventListener('abort', leave)
        settle(pool, { acquired, asked, answer, pending, clean })
        collected.done()
      },
      failed: (error) => {
        signal.removeEventListener('abort', leave)
        void pool.abandon(conversation)
        collected.failed(error)
      },
    },
  )
  const leave = () => {
    turn.leave()
    void pool.abandon(conversation)
    collected.failed(left())
  }
  signal.addEventListener('abort', leave, { once: true })
  const hear = turn.hear.bind(turn)
  if (acquired.answers) conversation.answer(plan.prompt, hear)
  else conversation.ask(plan.prompt, hear)
  return collected.response(leave)
}

/** What was said is known now: the conversation rests, or ends where Claude Code's memory of it is another one. */
function settle(
  pool: ClaudePool,
  end: {
    readonly acquired: Acquired
    readonly asked: Asked
    readonly answer: HistoryMessage
    readonly pending: readonly string[]
    readonly clean: boolean
  },
): void {
  const { acquired, asked, answer, pending, clean } = end
  if (clean) acquired.conversation.rest(answer, pending)
  else void pool.abandon(acquired.conversation)
  pool.release(acquired, asked.plan, answer, asked.session)
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

  async response(leave: () => void): Promise<Response> {
    await this.#begun.promise
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const bytes of this.#ahead) controller.enqueue(bytes)
        if (this.#phase === 'closed') controller.close()
        else this.#controller = controller
      },
      cancel: () => {
        if (this.#phase !== 'closed') leave()
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

function left(): ProxyError {
  return new ProxyError('client_closed', 'Client closed the request')
}
