import { messageOf } from '../../kit/error.ts'
import type { Check, CheckGroup, Finding, Level } from './check.ts'
import type { DoctorWorld } from './doctor-world.ts'

/** A finding with the check that made it. */
export interface Report extends Finding {
  readonly group: string
  readonly check: string
}

/** What a check may take: all run at once, so the whole takes no longer, ms. */
const LIMIT_MS = 8000

/** Runs checks side by side; one that fails or hangs is a finding like any other. */
export async function runChecks(
  groups: readonly CheckGroup[],
  world: DoctorWorld,
  limitMs = LIMIT_MS,
): Promise<Report[]> {
  const lists = groups.flatMap(({ title, checks }) =>
    checks.map(async (check) => {
      const findings = await runOne(check, world, limitMs)
      return findings.map((finding) => ({ group: title, check: check.name, ...finding }))
    }),
  )
  return (await Promise.all(lists)).flat()
}

async function runOne(
  { name, run }: Check,
  world: DoctorWorld,
  limitMs: number,
): Promise<readonly Finding[]> {
  const fix = 'run "ccproxy doctor --log-level debug", and report it if it stays'
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Finding[]>((resolve) => {
    const text = `The check "${name}" found no answer within ${limitMs / 1000} seconds`
    timer = setTimeout(() => resolve([{ level: 'warn', text, fix }]), limitMs)
  })
  try {
    return await Promise.race([run(world), late])
  } catch (error) {
    return [{ level: 'warn', text: `The check "${name}" failed: ${messageOf(error)}`, fix }]
  } finally {
    clearTimeout(timer)
  }
}

/** The gravest level among findings. */
export function worst(reports: readonly Finding[]): Level {
  if (reports.some(({ level }) => level === 'fail')) return 'fail'
  return reports.some(({ level }) => level === 'warn') ? 'warn' : 'ok'
}
