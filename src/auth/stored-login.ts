import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Secret } from '../kit/secret.ts'

/** A plan login as it is kept in a credentials file. */
export interface StoredLogin {
  readonly accessToken: Secret
  /** Absent in a long-lived token of `claude setup-token`. */
  readonly refreshToken: Secret | undefined
  /** Milliseconds since the epoch; undefined: it does not end. */
  readonly expiresAt: number | undefined
  readonly scopes: readonly string[]
  /** `max`, `pro`, `team`, `enterprise`, or undefined where nobody said. */
  readonly subscriptionType: string | undefined
}

/** What a credentials file holds for us; every other key stays as it is. */
export interface Credentials {
  readonly login: StoredLogin | undefined
  /** When the account holder accepted the terms, as an ISO time. */
  readonly termsAcceptedAt: string | undefined
}

/** A credentials file's JSON, with the keys that are not ours. */
export type CredentialsJson = Readonly<Record<string, unknown>>

const Nullable = <Schema extends ReturnType<typeof Type.String | typeof Type.Number>>(
  schema: Schema,
) => Type.Optional(Type.Union([schema, Type.Null()]))

/** The schema that Claude Code writes (2.1.329, read 2026-11-21); open, as all wire schemas are. */
const CredentialsFile = Type.Object({
  claudeAiOauth: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        accessToken: Type.String({ minLength: 1 }),
        refreshToken: Nullable(Type.String()),
        expiresAt: Nullable(Type.Number()),
        scopes: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
        subscriptionType: Nullable(Type.String()),
      }),
    ]),
  ),
  termsAcceptedAt: Nullable(Type.String()),
})

const AnyObject = Type.Record(Type.String(), Type.Unknown())

/** Reads a credentials file's text; a string says what is wrong with it, never what it holds. */
export function parseCredentials(
  text: string,
): { readonly json: CredentialsJson; readonly credentials: Credentials } | string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  if (!Value.Check(AnyObject, json)) return 'it is not a JSON object'
  if (!Value.Check(CredentialsFile, json)) {
    const path = Value.Errors(CredentialsFile, json).First()?.path ?? ''
    return `"${path.slice(1).replaceAll('/', '.')}" is not as expected`
  }
  const { claudeAiOauth: login, termsAcceptedAt } = json
  return {
    json: { ...json },
    credentials: {
      termsAcceptedAt: termsAcceptedAt ?? undefined,
      login: login
        ? {
            accessToken: new Secret(login.accessToken),
            refreshToken: login.refreshToken ? new Secret(login.refreshToken) : undefined,
            expiresAt: login.expiresAt ?? undefined,
            scopes: login.scopes ?? [],
            subscriptionType: login.subscriptionType ?? undefined,
          }
        : undefined,
    },
  }
}

/** The JSON with a login written into it; keys that are not ours stay. */
export function withLogin(json: CredentialsJson, login: StoredLogin): CredentialsJson {
  const before = Value.Check(AnyObject, json.claudeAiOauth) ? json.claudeAiOauth : {}
  return {
    ...json,
    claudeAiOauth: {
      ...before,
      accessToken: login.accessToken.reveal(),
      refreshToken: login.refreshToken?.reveal() ?? null,
      expiresAt: login.expiresAt ?? null,
      scopes: login.scopes,
      subscriptionType: login.subscriptionType ?? null,
    },
  }
}

/** Whether two logins are the same grant: their tokens are equal. */
export function sameLogin(left: StoredLogin | undefined, right: StoredLogin | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  return (
    left.accessToken.equals(right.accessToken.reveal()) &&
    left.refreshToken?.reveal() === right.refreshToken?.reveal()
  )
}
