import { PlanLogin } from '../../src/auth/plan-login.ts'
import { CredentialStore } from '../../src/auth/store.ts'
import { fakeOptions } from './fake-oauth.ts'

/** For each line on stdin asks for a token and prints it; started twice by the test of the race. */
const [path = '', base = ''] = process.argv.slice(2)
const login = new PlanLogin({ store: new CredentialStore(path), oauth: fakeOptions(base) })
process.stdout.write('ready\n')
for await (const _line of console) {
  const token = await login.token().then(
    (secret) => secret.reveal(),
    (error: Error) => `failed: ${error.message}`,
  )
  process.stdout.write(`${token}\n`)
}
