import { expect, test } from 'bun:test'
import { Roster } from '../../src/kit/roster.ts'

function rosterOf(...names: string[]) {
  const roster = new Roster<{ name: string; place: number }>()
  const members = names.map((name) => ({ name, place: -1 }))
  for (const member of members) roster.add(member)
  return { roster, members }
}

function namesIn({ roster }: ReturnType<typeof rosterOf>): string[] {
  const names: string[] = []
  roster.each(({ name }) => names.push(name))
  return names.sort()
}

test('members leave from any place, once', () => {
  const made = rosterOf('a', 'b', 'c', 'd')
  const [a, b, , d] = made.members
  made.roster.remove(b!)
  made.roster.remove(b!)
  made.roster.remove(d!)
  expect(namesIn(made)).toEqual(['a', 'c'])
  made.roster.remove(a!)
  made.roster.add(b!)
  expect(namesIn(made)).toEqual(['b', 'c'])
  expect(made.roster.size).toBe(2)
})

test('members that leave during a visit are not visited, the others once', () => {
  const { roster, members } = rosterOf('a', 'b', 'c', 'd')
  const seen: string[] = []
  roster.each((member) => {
    seen.push(member.name)
    roster.remove(member)
    roster.remove(members[3]!)
  })
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(roster.size).toBe(0)
})
