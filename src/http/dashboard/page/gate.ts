import { byId } from './dom.ts'
import { AnswerError, signIn, signOut } from './server.ts'

/** Whether a key was asked for in this browser: only then there is something to sign out of. */
const SIGNED_IN = 'ccproxy-signed-in'

/** What stands in place of the figures: the key form, or why there are none. */
export class Gate {
  readonly #gate = byId('gate', HTMLElement)
  readonly #board = byId('board', HTMLElement)
  readonly #range = byId('range', HTMLElement)
  readonly #form = byId('key-form', HTMLFormElement)
  readonly #key = byId('key', HTMLInputElement)
  readonly #title = byId('gate-title', HTMLElement)
  readonly #message = byId('gate-message', HTMLElement)
  readonly #retry = byId('retry', HTMLButtonElement)
  readonly #signOut = byId('sign-out', HTMLButtonElement)

  constructor(start: () => void, ended: () => void) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#submit(start)
    })
    this.#retry.addEventListener('click', start)
    this.#signOut.addEventListener('click', async () => {
      await signOut().catch(() => undefined)
      localStorage.removeItem(SIGNED_IN)
      ended()
    })
  }

  /** Shows the figures. */
  open(): void {
    this.#gate.hidden = true
    this.#board.hidden = false
    this.#range.hidden = false
    this.#signOut.hidden = localStorage.getItem(SIGNED_IN) === null
  }

  askKey(): void {
    this.#close('Sign in', 'This ccproxy asks for a client key.', { form: true, retry: false })
    this.#key.focus()
  }

  say(title: string, message: string): void {
    this.#close(title, message, { form: false, retry: true })
  }

  #close(title: string, message: string, shown: { form: boolean; retry: boolean }): void {
    this.#gate.hidden = false
    this.#board.hidden = true
    this.#range.hidden = true
    this.#signOut.hidden = true
    this.#form.hidden = !shown.form
    this.#retry.hidden = !shown.retry
    this.#title.textContent = title
    this.#message.textContent = message
  }

  async #submit(start: () => void): Promise<void> {
    try {
      const keyed = await signIn(this.#key.value)
      if (keyed) localStorage.setItem(SIGNED_IN, 'yes')
      this.#key.value = ''
      start()
    } catch (error) {
      this.#message.textContent = error instanceof AnswerError ? error.message : String(error)
      this.#key.focus()
      this.#key.select()
    }
  }
}
