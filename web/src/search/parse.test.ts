import { describe, expect, it } from 'vitest';
import { guess, search, words } from './parse';

describe('the search field', () => {
  it('guesses what a word means', () => {
    expect(guess('4242')).toEqual([['pid', '4242']]);
    expect(guess('/etc/shadow')).toEqual([['path', '/etc/shadow']]);
    expect(guess('/etc/')).toEqual([['path', '/etc/**']]);
    expect(guess('*.so')).toEqual([['path', '**/*.so']]);
    expect(guess('10.0.0.1:443')).toEqual([['ip', '10.0.0.1'], ['port', '443']]);
    expect(guess('[::1]:53')).toEqual([['ip', '::1'], ['port', '53']]);
    expect(guess('fe80::1')).toEqual([['ip', 'fe80::1']]);
    expect(guess('connect')).toEqual([['name', 'connect']]);
    expect(guess('stage2.sh')).toEqual([['path', '**/stage2.sh']]);
    expect(guess('nginx')).toEqual([['comm', 'nginx']]);
  });
  it('adds, takes away, and keeps quoted blanks', () => {
    expect(words('a "b c" d:"e f"')).toEqual(['a', 'b c', 'd:e f']);
    expect(search('user:root 7', {})).toEqual({ filters: { user: ['root'], pid: ['7'] } });
    expect(search('-user:root', { user: ['root'] })).toEqual({ filters: {} });
  });
  it('says what is wrong', () => {
    expect(search('user:', {})).toEqual({ error: 'user: has no value' });
    expect(search('descendants:true', {})).toHaveProperty('error');
  });
});
