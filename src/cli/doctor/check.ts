import type { DoctorWorld } from './doctor-world.ts'

/** How grave a finding is: only `fail` makes the doctor's exit code 1. */
export type Level = 'ok' | 'warn' | 'fail'

/** One line of the checklist; never a secret. */
export interface Finding {
  readonly level: Level
  readonly text: string
  /** What to do, for all that is not ok. */
  readonly fix?: string
}

/** One thing that is looked at. */
export interface Check {
  readonly name: string
  /** It asks neither the network nor another program: `serve` runs it after its start. */
  readonly cheap: boolean
  run(world: DoctorWorld): Promise<readonly Finding[]>
}

/** Checks that stand under one title. */
export interface CheckGroup {
  readonly title: string
  readonly checks: readonly Check[]
}

/** A finding that all is well. */
export function fine(text: string): Finding[] {
  return [{ level: 'ok', text }]
}

/** A finding that something may go wrong. */
export function warn(text: string, fix: string): Finding[] {
  return [{ level: 'warn', text, fix }]
}

/** A finding that something does not work. */
export function fail(text: string, fix: string): Finding[] {
  return [{ level: 'fail', text, fix }]
}
