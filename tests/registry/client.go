package main

import (
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push uploads a random image of one layer.
func push(image string) error {
	reference, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	content, err := random.Image(64, 1)
	if err != nil {
		return err
	}
	if err := remote.Write(reference, content, keychain()); err != nil {
		return err
	}
	digest, err := content.Digest()
	fmt.Println(digest)
	return err
}

// pull downloads an image with its layers, as a node does.
func pull(image string) error {
	reference, err := name.ParseReference(image)
	if err != nil {
		return err
	}
	content, err := remote.Image(reference, keychain())
	if err != nil {
		return err
	}
	layers, err := content.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		reader, err := layer.Compressed()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, reader)
		_ = reader.Close()
		if err != nil {
			return err
		}
	}
	digest, err := content.Digest()
	fmt.Println(digest)
	return err
}

func keychain() remote.Option {
	return remote.WithAuthFromKeychain(authn.DefaultKeychain)
}
