import type { LogStatus } from '../../logs/schema.ts'
import { byId, make } from './dom.ts'
import { FILTERS, type Filter, type FilterName } from './view.ts'

const SELECTS = ['model', 'provider', 'client', 'status', 'ended'] as const
type SelectName = (typeof SELECTS)[number]
const STATUSES = ['2xx', '4xx', '5xx', '400', '401', '403', '404', '429', '500', '502', '529']
const TYPING_MS = 250

/** The controls that filter. */
export class Filters {
  readonly #text = byId('filter-text', HTMLInputElement)
  readonly #clear = byId('filter-clear', HTMLButtonElement)
  readonly #session = byId('filter-session', HTMLButtonElement)
  readonly #selects = new Map(
    SELECTS.map((name) => [name, byId(`filter-${name}`, HTMLSelectElement)] as const),
  )
  #filter: Filter = {}

  constructor(changed: (filter: Filter) => void) {
    for (const [name, select] of this.#selects) {
      select.addEventListener('change', () => changed(this.with(name, select.value)))
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    this.#text.addEventListener('input', () => {
      clearTimeout(timer)
      timer = setTimeout(() => changed(this.with('text', this.#text.value.trim())), TYPING_MS)
    })
    this.#clear.addEventListener('click', () => changed({}))
    this.#session.addEventListener('click', () => changed(this.with('session', '')))
    this.names({ models: [], providers: [], clients: [], ended: [] })
  }

  /** The filter with another value; an empty one is none. */
  with(name: FilterName, value: string): Filter {
    const values = { ...this.#filter, [name]: value }
    const kept = FILTERS.map((one) => [one, values[one]] as const).filter(([, text]) => text)
    return Object.fromEntries(kept)
  }

  show(filter: Filter): void {
    this.#filter = filter
    for (const [name, select] of this.#selects) {
      const value = filter[name] ?? ''
      offer(select, value)
      select.value = value
      select.classList.toggle('set', value !== '')
    }
    if (document.activeElement !== this.#text || filter.text === undefined) {
      this.#text.value = filter.text ?? ''
    }
    this.#session.hidden = filter.session === undefined
    this.#session.textContent = `Session ${filter.session?.slice(0, 8) ?? ''} ✕`
    this.#session.setAttribute('aria-label', 'Show all sessions again')
    this.#clear.hidden = Object.keys(filter).length === 0
  }

  /** Offers the names that the ledger knows. */
  names({ models, providers, clients, ended }: LogStatus['names']): void {
    const values: Record<SelectName, readonly string[]> = {
      model: models,
      provider: providers,
      client: clients,
      status: STATUSES,
      ended,
    }
    for (const [name, select] of this.#selects) {
      const wanted = ['', ...values[name]]
      const same = wanted.every((value, index) => select.options[index]?.value === value)
      if (same && select.options.length >= wanted.length) continue
      const options = wanted.map((value) =>
        option(value, value === '' ? 'all' : shown(name, value)),
      )
      select.replaceChildren(...options)
      offer(select, this.#filter[name] ?? '')
      select.value = this.#filter[name] ?? ''
    }
  }
}

function shown(name: SelectName, value: string): string {
  return name === 'ended' ? value.replaceAll('_', ' ') : value
}

/** A value from the address may be one that the ledger does not know. */
function offer(select: HTMLSelectElement, value: string): void {
  if (![...select.options].some((one) => one.value === value)) select.append(option(value, value))
}

function option(value: string, text: string): HTMLOptionElement {
  return make('option', { text, attributes: { value } })
}
