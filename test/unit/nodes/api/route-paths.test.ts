/** Which methods a path takes, told by the routes that it fits. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRoutePaths } from '../../../../src/nodes/api/route-paths.ts';

it('finds the methods of every route that a path fits', () => {
  const paths = createRoutePaths();
  paths.add('/api/things', ['GET', 'HEAD']);
  paths.add('/api/things', 'GET');
  paths.add('/api/things/:name', 'PUT');
  paths.add('/api/things/first', 'DELETE');
  const asked = ['/api/things', '/api/things?x=/a', '/api/things/a%2Fb', '/api/things/first', '/api/things/', '/api', '/api/things/a/b'];
  const expected = [['GET', 'HEAD'], ['GET', 'HEAD'], ['PUT'], ['DELETE', 'PUT'], [], [], []];
  assert.deepEqual(asked.map(paths.methodsOf), expected);
});
