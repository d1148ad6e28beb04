/** One of a `Roster`; its place is the roster's to set. */
export interface Listed {
  place: number
}

/**
 * What is under way, in no order. Not a Set: where members come and go all the time, its table is made anew again and
 * again, and each old table keeps the next one alive (JavaScriptCore, 2026-11). From then on no young collection frees
 * what a member holds: every request left 3 kB behind until the next full one.
 */
export class Roster<Member extends Listed> {
  readonly #members: Member[] = []

  get size(): number {
    return this.#members.length
  }

  at(place: number): Member | undefined {
    return this.#members[place]
  }

  /** All of this moment. */
  all(): Member[] {
    return [...this.#members]
  }

  add(member: Member): void {
    member.place = this.#members.length
    this.#members.push(member)
  }

  /** Takes a member off; the last one moves to its place. One that is not there stays away. */
  remove(member: Member): void {
    if (this.#members[member.place] !== member) return
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[member.place] = last
    last.place = member.place
  }

  /** Calls for each member of this moment that is still there when its turn comes. */
  each(visit: (member: Member) => void): void {
    for (const member of this.all()) {
      if (this.#members[member.place] === member) visit(member)
    }
  }
}
