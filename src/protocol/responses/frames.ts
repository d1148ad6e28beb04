/** Writes a response's events; each has the next sequence number. */
export class Frames {
  #sequence = 0

  /** One event; `fields` is the JSON of what follows its type and number, without braces. */
  write(type: string, fields: string): string {
    const sequence = this.#sequence
    this.#sequence = sequence + 1
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence},${fields}}\n\n`
  }
}
