import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parseJson } from '../../kit/json.ts'
import {
  PermissionAnswer,
  type PermissionEvent,
} from '../../provider/claude-sdk/permission-schema.ts'
import type { Input, Output } from '../command.ts'
import type { DeskLink, DeskListener } from './desk-link.ts'

const AnswerLine = Type.Composite([Type.Object({ request_id: Type.String() }), PermissionAnswer])

/** The desk of a program: one JSON line for each thing that happens, one line of JSON for each answer. */
export class JsonDesk implements DeskListener {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  connected(): void {
    this.#print({ type: 'connected' })
  }

  disconnected(reason: string): void {
    this.#print({ type: 'disconnected', reason })
  }

  hear(event: PermissionEvent): void {
    this.#print(event)
  }

  /** Sends the answers that come in until there are no more. */
  async answer(input: Input, link: DeskLink): Promise<void> {
    for (let line = await input.readLine(); line !== undefined; line = await input.readLine()) {
      const value = parseJson(line)
      if (!Value.Check(AnswerLine, value)) {
        const message = 'An answer is a line like {"request_id": "…", "allowed": true}'
        this.#print({ type: 'error', message })
        continue
      }
      const { request_id: id, ...answer } = value
      const { kind, text } = await link.answer(id, answer)
      this.#print({ type: 'answered', request_id: id, result: kind, message: text || null })
    }
  }

  #print(value: object): void {
    this.#output.write(`${JSON.stringify(value)}\n`)
  }
}
