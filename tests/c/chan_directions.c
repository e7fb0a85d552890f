/*
 * Not linked to anything: compiled by tests that want the compiler's opinion. WRONG=0 is right use
 * of both handles and must compile; each other number is one wrong use, which must not.
 */
#include "chan/chan.h"

void producer(struct ct_sender to);
void consumer(struct ct_receiver from);
void both(struct ct_chan *c);

void producer(struct ct_sender to)
{
        int v = 1;

        ct_sender_send(to, &v);
        (void)ct_sender_try_send(to, &v);
        (void)ct_sender_send_until(to, &v, 0);
#if WRONG == 1
        (void)ct_receiver_recv(to, &v);
#elif WRONG == 2
        (void)ct_chan_recv(to, &v);
#elif WRONG == 3
        consumer(to);
#endif
        ct_sender_close(to);
}

void consumer(struct ct_receiver from)
{
        int v;
        bool open;

        (void)ct_receiver_recv(from, &v);
        (void)ct_receiver_try_recv(from, &v, &open);
        (void)ct_receiver_recv_until(from, &v, &open, 0);
#if WRONG == 4
        ct_sender_send(from, &v);
#elif WRONG == 5
        ct_sender_close(from);
#elif WRONG == 6
        ct_chan_close(from);
#elif WRONG == 7
        producer(from);
#endif
}

void both(struct ct_chan *c)
{
        producer(ct_chan_sender(c));
        consumer(ct_chan_receiver(c));
#if WRONG == 8
        producer(ct_chan_receiver(c));
#elif WRONG == 9
        producer(c);
#endif
}
