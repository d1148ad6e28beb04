import type { TObject, TSchema } from '@sinclair/typebox'
import { openApiSchema } from './openapi-schema.ts'

/** What `/swagger` says of a service endpoint. */
export function service<Responses>(summary: string, responses: Responses) {
  return { summary, tags: ['service'], responses }
}

/** A good JSON answer. */
export function jsonReply(description: string, schema: TSchema) {
  return { 200: { description, content: content('application/json', schema) } }
}

/** A body of a media type. */
export function content(type: string, schema: TSchema) {
  return { [type]: { schema: openApiSchema(schema) } }
}

/** The parameters of a query string: one for each property. */
export function queryParameters(schema: TObject) {
  const required = new Set(schema.required)
  return Object.entries(schema.properties).map(([name, property]) => {
    const { description, ...rest } = openApiSchema(property)
    return {
      name,
      in: 'query' as const,
      required: required.has(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: rest,
    }
  })
}
