import { Roster } from '../kit/roster.ts'
import type { Observer, Started } from './observer.ts'

/** What has started and not settled yet. */
export class Running {
  readonly observer: Observer
  readonly #started = new Roster<Started>()

  constructor() {
    this.observer = {
      started: (exchange) => this.#started.add(exchange),
      settled: ({ place, serial }) => {
        const started = this.#started.at(place)
        if (started?.serial === serial) this.#started.remove(started)
      },
    }
  }

  /** Oldest first. */
  all(): Started[] {
    return this.#started.all().sort((one, other) => one.serial - other.serial)
  }
}
