/**
 * A process that writes a ledger, for tests that end it, starve it or set two on one file. Arguments: the database and
 * the instance; commands on stdin, one a line: `append N`, `status`, `close`. Each line of its log and each answer is a
 * line of JSON on stdout.
 */
import { createInterface } from 'node:readline'
import { createLedger } from '../../src/record/ledger.ts'
import { createLogger } from '../../src/record/log.ts'
import { settled } from './ledger-rows.ts'

const [database = '', instance = ''] = process.argv.slice(2)
const write = (line: string) => process.stdout.write(line)
const ledger = createLedger({
  ...{ database, instance, retentionDays: 30, retentionMegabytes: 0, bodies: 'off' },
  bodyLength: 1000,
  logger: createLogger('debug', 'json', write),
})
let appended = 0

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count = '0'] = line.split(' ')
  if (command === 'append') {
    for (let at = 0; at < Number(count); at++) {
      ledger.observer.settled(settled({ id: `${instance}-${appended++}`, error: 'e'.repeat(500) }))
    }
  } else if (command === 'status') {
    write(`${JSON.stringify({ status: await ledger.status() })}\n`)
  } else {
    await ledger.close()
    write(`${JSON.stringify({ closed: appended })}\n`)
    process.exit(0)
  }
}
