// The core library of Centrifugo behind a publish endpoint: the same client protocol, subscription hub, per-connection queue and
// frame merging. LISTEN says where it listens, KAFKA which brokers it reads, HISTORY=1 keeps 1000 publications a channel.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/centrifugal/centrifuge"
	"github.com/twmb/franz-go/pkg/kgo"
)

func main() {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError, LogHandler: func(e centrifuge.LogEntry) { log.Println(e.Message, e.Fields) }})
	if err != nil {
		log.Fatal(err)
	}
	history := os.Getenv("HISTORY") != "" // keep 1000 publications and let clients recover
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(e centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
			cb(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: history}}, nil)
		})
	})
	if err := node.Run(); err != nil {
		log.Fatal(err)
	}
	var opts []centrifuge.PublishOption
	if history {
		opts = append(opts, centrifuge.WithHistory(1000, 300e9))
	}
	ws := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{CheckOrigin: func(*http.Request) bool { return true }})
	http.HandleFunc("/connection/websocket", func(w http.ResponseWriter, r *http.Request) {
		ctx := centrifuge.SetCredentials(r.Context(), &centrifuge.Credentials{UserID: "bench"})
		ws.ServeHTTP(w, r.WithContext(ctx))
	})
	type message struct {
		Channel string          `json:"channel"`
		Data    json.RawMessage `json:"data"`
	}
	publish := func(m *message) error {
		_, err := node.Publish(m.Channel, m.Data, opts...)
		return err
	}
	http.HandleFunc("/api/publish", func(w http.ResponseWriter, r *http.Request) {
		for decoder := json.NewDecoder(r.Body); ; { // one message, or many
			var m message
			err := decoder.Decode(&m)
			if err == io.EOF {
				break
			}
			if err == nil {
				err = publish(&m)
			}
			if err != nil {
				http.Error(w, err.Error(), 400)
				return
			}
		}
		io.WriteString(w, "{}")
	})
	if brokers := os.Getenv("KAFKA"); brokers != "" { // the same JSON as records of the topic "fanout", read from its end
		k, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(brokers, ",")...), kgo.ConsumeTopics("fanout"),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			for {
				k.PollFetches(context.Background()).EachRecord(func(r *kgo.Record) {
					var m message
					err := json.Unmarshal(r.Value, &m)
					if err == nil {
						err = publish(&m)
					}
					if err != nil {
						log.Println(err)
					}
				})
			}
		}()
	}
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), nil))
}
