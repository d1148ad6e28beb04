import type { LogEntry } from '../../logs/schema.ts'
import { byId, make } from './dom.ts'
import { bytesText, durationText, exactText, momentText, shareText } from './format.ts'
import { cachedOf, costText, promptOf, type Running, toneOf } from './request-row.ts'
import { AnswerError, ask } from './server.ts'
import type { FilterName, Row } from './view.ts'

type Fact = readonly [name: string, text: string | undefined, filter?: FilterName]
/** Everything that may be known of an exchange. */
type Known = Partial<Omit<Row, 'time' | 'id'>> & Partial<LogEntry> & Pick<Row, 'time' | 'id'>

/** What the panel is made with. */
export interface DetailOptions {
  readonly filter: (name: FilterName, value: string) => void
  /** An answer that says to sign in, or that nothing answers. */
  readonly failed: (error: unknown) => void
}

/** A row that was just settled is written within about a second. */
const WRITTEN_MS = 1500

/** The panel with all that is known of one exchange. */
export class Detail {
  readonly #dialog = byId('detail', HTMLDialogElement)
  readonly #body = byId('detail-body', HTMLElement)
  readonly #options: DetailOptions
  #shown: string | undefined
  /** The serial of what is shown, as long as it runs. */
  #running: number | undefined

  constructor(options: DetailOptions) {
    this.#options = options
    byId('detail-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close())
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close()
    })
  }

  open(row: Row | Running): void {
    this.#shown = row.id
    this.#running = 'status' in row ? undefined : row.serial
    this.#show(row)
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#body.scrollTop = 0
    if ('status' in row) void this.#load(row)
  }

  /** Shows what came of an exchange that was opened while it ran. */
  settled(row: Row & { readonly serial: number }): void {
    if (!this.#dialog.open || this.#running !== row.serial || this.#shown !== row.id) return
    this.#running = undefined
    this.#show(row)
    void this.#load(row)
  }

  close(): void {
    this.#dialog.close()
  }

  /** The ledger may know more: bodies, which the list leaves out. */
  async #load(row: Row): Promise<void> {
    const age = Date.now() - Date.parse(row.time) - row.duration_ms
    if (row.key === undefined && age < WRITTEN_MS) await sleep(WRITTEN_MS)
    try {
      const entry = await ask<LogEntry>(`/logs/entries/${encodeURIComponent(row.key ?? row.id)}`)
      // Clients choose request ids: the newest of this one may be another exchange.
      if (this.#shown === row.id && entry.time === row.time) this.#show(entry)
    } catch (error) {
      if (!(error instanceof AnswerError && error.status === 404)) this.#options.failed(error)
    }
  }

  #show(row: Known): void {
    const sections = [
      this.#facts('Request', requestFacts(row)),
      row.status === undefined ? undefined : this.#facts('Answer', answerFacts(row)),
      row.tokens === undefined ? undefined : this.#facts('Tokens and cost', tokenFacts(row)),
      row.notes?.length ? noteList(row.notes) : undefined,
      row.request_body === undefined ? undefined : bodyBlock('Request body', row.request_body),
      row.reply_body === undefined ? undefined : bodyBlock('Reply body', row.reply_body),
    ]
    this.#body.replaceChildren(
      heading(row),
      ...(row.error === undefined ? [] : [make('p', { class: 'problem', text: row.error })]),
      ...sections.filter((section) => section !== undefined),
    )
  }

  #facts(title: string, facts: readonly Fact[]): HTMLElement {
    const known = facts.filter(([, text]) => text !== undefined && text !== '')
    const cells = known.flatMap(([name, text = '', filter]) => [
      make('dt', { text: name }),
      make('dd', {}, filter === undefined ? text : this.#filterButton(filter, text)),
    ])
    return make(
      'section',
      {},
      make('h3', { text: title }),
      make('dl', { class: 'facts' }, ...cells),
    )
  }

  #filterButton(name: FilterName, value: string): HTMLElement {
    const button = make('button', {
      class: 'link',
      text: value,
      title: `Show only this ${name}`,
      attributes: { type: 'button' },
    })
    button.addEventListener('click', () => {
      this.close()
      this.#options.filter(name, value)
    })
    return button
  }
}

function heading(row: Known): HTMLElement {
  const { status, ended } = row
  const tone = status === undefined || ended === undefined ? 'live' : toneOf({ status, ended })
  const words = status === undefined ? 'running' : `${status} ${(ended ?? '').replaceAll('_', ' ')}`
  return make(
    'div',
    { class: 'detail-head' },
    make('p', {}, make('span', { class: `chip ${tone}`, text: words }), ` ${momentText(row.time)}`),
    make('p', { class: 'identity' }, make('code', { text: row.id }), copyButton(row.id, 'Copy id')),
  )
}

function requestFacts(row: Known): Fact[] {
  const wire =
    row.wire === row.protocol ? row.protocol : `${row.protocol ?? '–'} → ${row.wire ?? '–'}`
  return [
    ['Path', row.method === undefined ? row.path : `${row.method} ${row.path}`],
    ['Model', row.model, 'model'],
    ['Upstream model', row.upstream_model, 'model'],
    ['Provider', row.provider, 'provider'],
    ['Kind', row.kind],
    ['Mode', row.mode],
    ['Protocol', row.protocol === undefined ? undefined : wire],
    ['Stream', row.stream === undefined ? undefined : row.stream ? 'yes' : 'no'],
    ['Client', row.client, 'client'],
    ['Address', row.address],
    ['Session', row.session, 'session'],
    ['Instance', row.instance],
    ['Size', row.bytes_in === undefined ? undefined : bytesText(row.bytes_in)],
    ['Ledger key', row.key === undefined ? undefined : String(row.key)],
  ]
}

function answerFacts(row: Known): Fact[] {
  return [
    ['Status', String(row.status), 'status'],
    ['Ended', row.ended, 'ended'],
    ['Stop reason', row.stop_reason],
    ['Attempts', row.attempts === undefined ? undefined : exactText(row.attempts)],
    ['First byte', row.first_byte_ms === undefined ? undefined : durationText(row.first_byte_ms)],
    ['Duration', durationText(row.duration_ms)],
    ['Size', bytesText(row.bytes_out)],
    ['Upstream request id', row.upstream_request_id],
  ]
}

function tokenFacts({ tokens = {}, cost_usd, list_price = false }: Known): Fact[] {
  const count = (value: number | undefined) => (value === undefined ? undefined : exactText(value))
  return [
    ['Prompt in all', count(promptOf(tokens))],
    ['Fresh input', count(tokens.input)],
    ['Cache read', count(tokens.cache_read)],
    ['Cache write', count(tokens.cache_write)],
    ['– for 5 minutes', count(tokens.cache_write_5m)],
    ['– for 1 hour', count(tokens.cache_write_1h)],
    ['Cache hits', cachedOf(tokens) === undefined ? undefined : shareText(cachedOf(tokens))],
    ['Output', count(tokens.output)],
    ['– thinking', count(tokens.thinking)],
    ['Cost', costText({ tokens, cost_usd, list_price })],
    ['', list_price ? 'A plan login was used: no money was spent.' : undefined],
  ]
}

function noteList(notes: readonly string[]): HTMLElement {
  const items = notes.map((text) => make('li', { text }))
  return make(
    'section',
    {},
    make('h3', { text: 'Notes' }),
    make('ul', { class: 'notes' }, ...items),
  )
}

function bodyBlock(title: string, text: string): HTMLElement {
  const shown = pretty(text)
  return make(
    'section',
    {},
    make('h3', {}, title, copyButton(text, 'Copy')),
    make(
      'pre',
      { attributes: { tabindex: '0', 'aria-label': title } },
      make('code', { text: shown }),
    ),
  )
}

/** JSON with its lines; what is cut or no JSON stays as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // Event streams and cut bodies are no JSON.
    return text
  }
}

function copyButton(text: string, label: string): HTMLElement {
  const button = make('button', { class: 'small', text: label, attributes: { type: 'button' } })
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text)) ? 'Copied' : 'Cannot copy here'
    setTimeout(() => {
      button.textContent = label
    }, WRITTEN_MS)
  })
  return button
}

/** The clipboard is for secure origins alone: plain http of another machine has none. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Absent or not allowed: the button says so, and the text can still be selected.
    return false
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
