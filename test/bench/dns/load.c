/*
 * Asks a DNS server on 127.0.0.1 over UDP, in batches of the kernel, and says what came back. In the closed loop a number
 * of queries is on its way at any time, and what is lost is given up after 100 ms; in the open loop so many are sent a
 * second, whatever becomes of them, and the time of each reply is taken. SIGTERM ends it early. Arguments: queries.h. Prints
 * one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include "queries.h"

enum { latencies = 1 << 17, ids = 1 << 16 };

static struct arguments given;
static struct counts counts;
static unsigned char out[batch][query_bytes], in[batch][4096];
static struct iovec from[batch], into[batch];
static struct mmsghdr sending[batch], receiving[batch];
static struct pollfd sockets[sockets_most];
static int away[sockets_most];
static long long turn;
static volatile sig_atomic_t is_told_to_end;
/* When each id was sent, and how many replies took so many microseconds; the last place holds all longer ones. */
static long long sent_at[ids], took[latencies];

static void end_early(int number) {
  is_told_to_end = number;
}

static void open_sockets(void) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)given.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int index = 0; index < given.sockets; index++) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) < 0) perror("connect"), exit(1);
    sockets[index] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
}

static int send_some(int index, int wanted, long long now) {
  if (wanted > batch) wanted = batch;
  for (int slot = 0; slot < wanted; slot++) {
    from[slot].iov_len = (size_t)take_query(out[slot], turn + slot, &given);
    sent_at[(turn + slot) & (ids - 1)] = now;
  }
  int sent = sendmmsg(sockets[index].fd, sending, (unsigned)wanted, 0);
  if (sent <= 0) return 0;
  turn += sent;
  away[index] += sent;
  counts.sent += sent;
  return sent;
}

static int receive_some(int index) {
  int received = recvmmsg(sockets[index].fd, receiving, batch, 0, NULL);
  if (received <= 0) return 0;
  long long now = given.rate ? now_ns() : 0;
  for (int slot = 0; slot < received; slot++) {
    count_reply(&counts, in[slot], (int)receiving[slot].msg_len);
    if (given.rate == 0) continue;
    long long us = (now - sent_at[in[slot][0] << 8 | in[slot][1]]) / 1000;
    took[us < 0 ? 0 : us < latencies ? us : latencies - 1]++;
  }
  away[index] = away[index] > received ? away[index] - received : 0;
  return received;
}

static void closed_loop(long long until) {
  int window = given.window / given.sockets > 0 ? given.window / given.sockets : 1;
  while (!is_told_to_end && now_ns() < until) {
    int received = 0;
    for (int index = 0; index < given.sockets; index++) {
      while (away[index] < window && send_some(index, window - away[index], 0) > 0) continue;
      received += receive_some(index);
    }
    if (received > 0 || poll(sockets, (nfds_t)given.sockets, 100) > 0) continue;
    for (int index = 0; index < given.sockets; index++) counts.lost += away[index], away[index] = 0;
  }
}

/* What could not be sent in time is left out, not made up for: a server that is too slow is not asked in bursts. */
static void open_loop(long long began, long long until) {
  long long due_before = 0;
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  for (long long now; !is_told_to_end && (now = now_ns()) < until;) {
    long long due = (long long)((double)(now - began) * given.rate / 1e9), late = given.rate / 100;
    if (due - due_before > late) due_before = due - late;
    for (int index = 0; due_before < due; index = (index + 1) % given.sockets) {
      int sent = send_some(index, due - due_before > batch ? batch : (int)(due - due_before), now);
      if (sent == 0) break;
      due_before += sent;
    }
    int received = 0;
    for (int index = 0; index < given.sockets; index++) received += receive_some(index);
    if (received > 0) continue;
    struct timespec wait = {.tv_nsec = given.rate < 20000 ? 1000000000L / given.rate : 50000};
    ppoll(sockets, (nfds_t)given.sockets, &wait, NULL);
  }
}

/* Those that are still on their way when the time is over; the server has worked for them too. */
static void await_the_rest(void) {
  while (poll(sockets, (nfds_t)given.sockets, 50) > 0) {
    for (int index = 0; index < given.sockets; index++) receive_some(index);
  }
}

static double quantile_us(double share) {
  long long all = 0, seen = 0;
  for (int us = 0; us < latencies; us++) all += took[us];
  for (int us = 0; us < latencies; us++)
    if ((double)(seen += took[us]) > share * (double)all) return us;
  return 0;
}

int main(int count, char **words) {
  given = read_arguments(count, words);
  make_order(read_names(&given), &given);
  open_sockets();
  signal(SIGTERM, end_early);
  for (int slot = 0; slot < batch; slot++) {
    from[slot].iov_base = out[slot];
    into[slot] = (struct iovec){in[slot], sizeof in[slot]};
    sending[slot].msg_hdr = (struct msghdr){.msg_iov = &from[slot], .msg_iovlen = 1};
    receiving[slot].msg_hdr = (struct msghdr){.msg_iov = &into[slot], .msg_iovlen = 1};
  }
  long long began = now_ns(), until = began + given.milliseconds * 1000000LL;
  if (given.rate > 0) open_loop(began, until);
  else closed_loop(until);
  long long ended = now_ns();
  await_the_rest();
  print_counts(&counts, ended - began);
  if (given.rate > 0) printf(",\"medianUs\":%.0f,\"p99Us\":%.0f", quantile_us(0.5), quantile_us(0.99));
  printf("}\n");
}
