/**
 * The OpenAPI 3.1 document, made from the schemas that requests are held against and answers are checked by, so that it
 * cannot say anything else than the API does. What each route is for stands in `route-summaries.ts`.
 */
import { z } from 'zod';
import { errorBody } from './errors.ts';
import type { Route, RouteSchemas } from './route.ts';
import type { Api, RouteContext } from './route-context.ts';
import { routeSummaries } from './route-summaries.ts';
import { answering, noQuery, reads } from './shapes.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Must come before the routes, which it collects. HEAD goes without saying. */
export function collectRoutes(api: Api): readonly Route[] {
  const routes: Route[] = [];
  api.addHook('onRoute', ({ method, url, config, schema = {} }) => {
    const path = url.replace(/:(\w+)/g, '{$1}');
    for (const one of [method].flat()) {
      if (one !== 'HEAD') routes.push({ method: one, path, access: config?.access, schema: schema as RouteSchemas });
    }
  });
  return routes;
}

export function openapiRoutes(api: Api, { routes, version }: RouteContext): void {
  let document: Record<string, unknown> | undefined;
  const schema = { querystring: noQuery, response: answering(z.looseObject({ openapi: z.string() })) };
  api.get('/openapi.json', { config: reads, schema }, () => (document ??= openapiDocument(routes, version)) as { openapi: string });
}

function openapiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: '3.1.1',
    info: { title: 'opengslb', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Error: jsonSchemaOf(errorBody, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'One of `api.tokens`.' } },
    },
  };
}

function operationOf({ method, path, access = 'admin', schema }: Route): Record<string, unknown> {
  const { params, querystring, headers, body, response = {} } = schema;
  return {
    summary: routeSummaries[`${method} ${path.replace(/^\/api\/v1/, '')}`],
    ...(access === 'open' ? { security: [] } : { description: `Role: ${access}.`, security: [{ token: [] }, {}], 'x-role': access }),
    parameters: [...parametersIn('path', params), ...parametersIn('query', querystring), ...parametersIn('header', headers)],
    ...(body !== undefined && { requestBody: { required: true, content: json(jsonSchemaOf(body, 'input')) } }),
    responses: Object.fromEntries(Object.entries(response).map(([status, shape]) => [status.toUpperCase(), answerOf(shape)])),
  };
}

function parametersIn(place: 'path' | 'query' | 'header', shape: z.ZodType | undefined): Record<string, unknown>[] {
  if (shape === undefined) return [];
  const { properties = {}, required = [] } = jsonSchemaOf(shape, 'input');
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as JsonSchema;
    return { name, in: place, required: required.includes(name), ...(description !== undefined && { description }), schema };
  });
}

function answerOf(shape: z.ZodType): Record<string, unknown> {
  const described = shape.description ?? 'The answer.';
  if (shape instanceof z.ZodUndefined) return { description: described };
  const schema = shape === (errorBody as z.ZodType) ? { $ref: '#/components/schemas/Error' } : jsonSchemaOf(shape, 'output');
  return { description: described, content: json(schema) };
}

function json(schema: unknown): Record<string, unknown> {
  return { 'application/json': { schema } };
}

/** Input: as it is sent, before anything is made canonical. Output: as it is answered. */
function jsonSchemaOf(shape: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return schema as JsonSchema;
}
