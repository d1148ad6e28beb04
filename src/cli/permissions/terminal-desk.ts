import { plainLine } from '../../kit/plain-text.ts'
import type {
  PermissionEvent,
  PermissionRequest,
} from '../../provider/claude-sdk/permission-schema.ts'
import type { Output } from '../command.ts'
import type { Style } from '../style.ts'
import type { AnswerResult, DeskListener } from './desk-link.ts'
import { showInput } from './show-input.ts'

/** What a terminal desk works with. */
export interface TerminalDeskOptions {
  readonly output: Output
  readonly style: Style
  /** The proxy's address. */
  readonly url: string
  readonly answer: (id: string, allowed: boolean) => Promise<AnswerResult>
  readonly leave: () => void
}

interface Waiting {
  readonly request: PermissionRequest
  /** When its time is over, ms, monotonic. */
  readonly endsAt: number
  /** `confirming` has had the first of two keys. */
  state: 'waiting' | 'shown' | 'confirming' | 'answering'
}

/** Keys that come sooner after a request appears were meant for something else, ms. */
const STRAY_MS = 400
const TICK_MS = 250
const CLEAR_LINE = '\r\x1b[2K'
const LEAVING: ReadonlySet<string> = new Set(['\x03', '\x04', 'q'])

/** The desk on a terminal: shows one request at a time and takes single keys. */
export class TerminalDesk implements DeskListener {
  readonly #options: TerminalDeskOptions
  readonly #timer: ReturnType<typeof setInterval>
  /** Oldest first; the first is the one on the screen. */
  #queue: Waiting[] = []
  readonly #always = new Set<string>()
  #link: 'down' | 'up' = 'down'
  #shownAt = 0
  #status = ''

  constructor(options: TerminalDeskOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#draw(), TICK_MS)
  }

  connected(): void {
    this.#link = 'up'
    const { bold, cyan } = this.#options.style
    this.#print(`Connected to ${bold(cyan(this.#options.url))}`)
  }

  disconnected(reason: string): void {
    this.#link = 'down'
    this.#queue = []
    const { yellow } = this.#options.style
    this.#print(`${yellow('Connection lost:')} ${plainLine(reason, 60)}`)
  }

  hear(event: PermissionEvent): void {
    if (event.type === 'permission_request') {
      this.#add(event)
    } else if (event.type === 'permission_expired') {
      this.#over(event.request_id, 'Not answered in time, so denied')
    } else {
      const other = `${event.allowed ? 'Allowed' : 'Denied'} by another desk`
      this.#over(event.request_id, event.reason === 'cancelled' ? 'Withdrawn' : other)
    }
  }

  /** One key of the user's. */
  key(key: string): void {
    if (LEAVING.has(key)) {
      this.#options.leave()
      return
    }
    const [first] = this.#queue
    if (first === undefined || first.state === 'answering') return
    if (performance.now() - this.#shownAt >= STRAY_MS) this.#act(key.toLowerCase(), first)
  }

  #act(key: string, first: Waiting): void {
    const once = first.state === 'confirming' || !first.request.default_to_no
    if (key === 'y' && once) {
      this.#send(first, true)
    } else if (key === 'n') {
      this.#send(first, false)
    } else if (key === 'a' && mayLast(first.request)) {
      this.#allowAlways(first)
    } else {
      first.state = key === 'y' ? 'confirming' : 'shown'
      if (key === 'v') this.#print(this.#input(first, true))
      else this.#draw()
    }
  }

  /** Leaves the screen as it should be. */
  close(): void {
    clearInterval(this.#timer)
    this.#options.output.write(CLEAR_LINE)
  }

  #add(request: PermissionRequest): void {
    const endsAt = performance.now() + request.time_remaining * 1000
    const waiting: Waiting = { request, endsAt, state: 'waiting' }
    if (this.#always.has(request.tool_name) && mayLast(request)) {
      this.#send(waiting, true)
      return
    }
    this.#queue.push(waiting)
    if (this.#queue.length === 1) this.#show(waiting)
    else this.#draw()
  }

  #show(waiting: Waiting): void {
    const { request } = waiting
    const { bold, dim, yellow } = this.#options.style
    const title = request.title === null ? '' : `: ${plainLine(request.title, 76)}`
    const lines = [`\n${bold(plainLine(request.tool_name, 76))}${title}`]
    const {
      description,
      decision_reason: reason,
      blocked_path: path,
      session_id: session,
    } = request
    if (description !== null) lines.push(plainLine(description, 76))
    if (reason !== null) lines.push(yellow(plainLine(reason, 76)))
    if (path !== null) lines.push(yellow(plainLine(`Outside its folders: ${path}`, 76)))
    if (session !== null) lines.push(dim(plainLine(`Session ${session}`, 76)))
    waiting.state = 'shown'
    this.#shownAt = performance.now()
    this.#print([...lines, this.#input(waiting, false)].join('\n'))
  }

  #input({ request }: Waiting, whole: boolean): string {
    return showInput(request.tool_name, request.input, this.#options.style, whole).text
  }

  #allowAlways(waiting: Waiting): void {
    const { tool_name: tool } = waiting.request
    this.#always.add(tool)
    this.#print(`${plainLine(tool, 40)} is allowed from now on, until this desk ends`)
    for (const one of [...this.#queue]) {
      if (one.request.tool_name === tool && mayLast(one.request)) this.#send(one, true)
    }
  }

  #send(waiting: Waiting, allowed: boolean): void {
    waiting.state = 'answering'
    const { request } = waiting
    const name = plainLine(request.tool_name, 40)
    void this.#options.answer(request.request_id, allowed).then(({ kind, text }) => {
      const { red, yellow, cyan } = this.#options.style
      const done = allowed ? cyan('Allowed') : red('Denied')
      const said = {
        taken: `${done} ${name}`,
        late: `${yellow('Too late:')} ${plainLine(text, 100)}`,
        failed: `${red('The answer did not arrive:')} ${plainLine(text, 100)}`,
      }[kind]
      // While it still waits it may be answered again.
      if (kind === 'failed' && this.#queue.includes(waiting)) {
        waiting.state = 'shown'
        this.#print(said)
      } else {
        this.#remove(waiting, said)
      }
    })
    this.#draw()
  }

  /** It ended without us; of our own answer the reply tells, not this. */
  #over(id: string, text: string): void {
    const waiting = this.#queue.find((one) => one.request.request_id === id)
    if (waiting === undefined || waiting.state === 'answering') return
    this.#remove(waiting, `${text}: ${plainLine(waiting.request.tool_name, 40)}`)
  }

  #remove(waiting: Waiting, text: string): void {
    const wasFirst = this.#queue[0] === waiting
    this.#queue = this.#queue.filter((one) => one !== waiting)
    this.#print(text)
    const [next] = this.#queue
    if (wasFirst && next !== undefined && next.state === 'waiting') this.#show(next)
  }

  /** Lines that stay, above the one that changes. */
  #print(text: string): void {
    this.#options.output.write(`${CLEAR_LINE}${text}\n`)
    this.#status = ''
    this.#draw()
  }

  #draw(): void {
    const status = this.#statusLine()
    if (status === this.#status) return
    this.#status = status
    this.#options.output.write(`${CLEAR_LINE}${status}`)
  }

  #statusLine(): string {
    const { bold, dim, yellow } = this.#options.style
    const [first] = this.#queue
    if (this.#link === 'down') return dim('Waiting for ccproxy to come back (Ctrl-C leaves)')
    if (first === undefined) return dim('Waiting for requests (Ctrl-C leaves)')
    if (first.state === 'answering') return dim('Answering')
    const left = Math.max(0, Math.ceil((first.endsAt - performance.now()) / 1000))
    const more = this.#queue.length === 1 ? '' : `, ${this.#queue.length - 1} more`
    if (first.state === 'confirming')
      return yellow(`Press y once more to allow it: ${left} s${more}`)
    const keys = mayLast(first.request) ? 'y yes  n no  a always  v all' : 'y yes  n no  v all'
    return `${bold(`Allow ${plainLine(first.request.tool_name, 24)}?`)}  ${keys}  ${left} s${more}`
  }
}

/** Whether a yes may hold for what comes later. */
function mayLast({ default_to_no: careful, once_only: once }: PermissionRequest): boolean {
  return !careful && !once
}
